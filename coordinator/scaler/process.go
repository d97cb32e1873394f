package scaler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Process runs pods as children of this process. Its methods may be called by one
// goroutine at a time.
type Process struct {
	// Command is the program and its arguments; {n} stands for the number of the pod,
	// from 0, which its data directory should have in its name.
	Command []string
	// Drain is how long a pod may take to finish its calls when it is not wanted any
	// more, before it is killed.
	Drain time.Duration
	// Output gets what pods write.
	Output io.Writer
	Log    *slog.Logger

	pods []*child
	// ending are those that drain.
	ending sync.WaitGroup
}

type child struct {
	stop  context.CancelFunc
	ended chan struct{}
}

// Pauses before a pod that ended by itself is started again.
const (
	firstPause = time.Second
	maxPause   = time.Minute
)

// Scale starts pods until so many run, or drains those with the highest numbers. It
// does not wait for either.
func (p *Process) Scale(_ context.Context, n int) (running int, err error) {
	if len(p.Command) == 0 {
		return 0, contracts.Errorf(contracts.CodeValidation, "pod command", "is empty")
	}
	if _, err := exec.LookPath(p.Command[0]); err != nil && n > len(p.pods) {
		return len(p.pods), contracts.Errorf(contracts.CodeValidation, p.Command[0], "cannot start pods: %w", err)
	}
	for len(p.pods) > n {
		last := p.pods[len(p.pods)-1]
		p.pods = p.pods[:len(p.pods)-1]
		last.stop()
	}
	for len(p.pods) < n {
		p.pods = append(p.pods, p.start(len(p.pods)))
	}
	return len(p.pods), nil
}

// Close drains all pods and returns when they have ended.
func (p *Process) Close() error {
	_, err := p.Scale(context.Background(), 0)
	p.ending.Wait()
	return err
}

// start runs pod n, again and again, until it is stopped.
func (p *Process) start(n int) *child {
	ctx, stop := context.WithCancel(context.Background())
	c := &child{stop, make(chan struct{})}
	p.ending.Go(func() {
		defer close(c.ended)
		// The kernel ends a child with the thread that started it: that must live.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		pause := firstPause
		for ctx.Err() == nil {
			begun := time.Now()
			err := p.run(ctx, n)
			if ctx.Err() != nil {
				break
			}
			p.Log.Warn("pod ended by itself", "pod", n, "error", err)
			if time.Since(begun) > maxPause {
				pause = firstPause
			}
			again := time.NewTimer(pause)
			select {
			case <-again.C:
			case <-ctx.Done():
				again.Stop()
			}
			pause = min(2*pause, maxPause)
		}
		p.Log.Info("pod has ended", "pod", n)
	})
	return c
}

func (p *Process) run(ctx context.Context, n int) error {
	args := make([]string, len(p.Command))
	for i, a := range p.Command {
		args[i] = strings.ReplaceAll(a, "{n}", strconv.Itoa(n))
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = p.Output, p.Output
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = p.Drain
	bind(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start pod %d: %w", n, err)
	}
	p.Log.Info("pod was started", "pod", n, "pid", cmd.Process.Pid)
	err := cmd.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
