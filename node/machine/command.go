//go:build linux || darwin

package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

const (
	// commandTime bounds one program that is asked, commandBytes what it may say.
	commandTime  = 3 * time.Second
	commandBytes = 8 << 20
)

// command runs a program of the system and returns what it prints.
func command(name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second
	out := &bounded{}
	cmd.Stdout = out
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// bounded keeps what is written to it and refuses more than it may hold.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > commandBytes {
		return 0, errors.New("too much output")
	}
	return b.Buffer.Write(p)
}
