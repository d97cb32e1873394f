package scaler

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Exec runs a command that brings about how many pods are wanted, in a cloud or a
// Kubernetes cluster by their own tools.
type Exec struct {
	// Command is the program and its arguments; {desired} stands for the number, which
	// it also has as KRAKO_DESIRED. It should do nothing if there are as many already.
	Command []string
	// Timeout is how long it may take.
	Timeout time.Duration
}

// maxSaid bounds what is kept of what a command says.
const maxSaid = 2 << 10

// Scale runs the command. What it prints on its standard output, if that is a
// number, is how many pods run; else the wanted number is taken for it.
func (e *Exec) Scale(ctx context.Context, n int) (running int, err error) {
	if len(e.Command) == 0 {
		return 0, contracts.Errorf(contracts.CodeValidation, "scale command", "is empty")
	}
	ctx, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	desired := strconv.Itoa(n)
	args := make([]string, len(e.Command))
	for i, a := range e.Command {
		args[i] = strings.ReplaceAll(a, "{desired}", desired)
	}
	var out, said tail
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "KRAKO_DESIRED="+desired)
	cmd.Stdout, cmd.Stderr = &out, &said
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return 0, contracts.Errorf(contracts.CodeInternal, args[0], "scale to %d: %w: %s", n, err, bytes.TrimSpace(said.last))
	}
	if got, err := strconv.Atoi(string(bytes.TrimSpace(out.last))); err == nil && got >= 0 {
		return got, nil
	}
	return n, nil
}

// Close does nothing: what runs elsewhere goes on.
func (e *Exec) Close() error { return nil }

// tail keeps the end of what is written to it.
type tail struct{ last []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.last = append(t.last, b...)
	if extra := len(t.last) - maxSaid; extra > 0 {
		t.last = append(t.last[:0], t.last[extra:]...)
	}
	return len(b), nil
}
