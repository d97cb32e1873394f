//go:build !linux && !windows

package confine

import (
	"os"
	"syscall"
)

// Launcher starts children. Its methods are safe for concurrent use.
type Launcher struct{}

// NewLauncher looks what this system offers.
func NewLauncher() *Launcher { return &Launcher{} }

// BoundMemory does nothing and says so.
func (*Launcher) BoundMemory(int64) bool { return false }

// BoundProcessors does nothing and says so.
func (*Launcher) BoundProcessors(float64) bool { return false }

// Start starts a child. Without Linux's means it is a plain one, which learns of
// its parent's end from its closed input.
func (*Launcher) Start(c Command) (*Child, []Measure, error) {
	p, err := os.StartProcess(c.Path, c.Args, &os.ProcAttr{
		Dir: c.Dir, Env: c.Env, Files: c.Files, Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, nil, err
	}
	child := &Child{process: p, ended: make(chan struct{})}
	go child.await()
	return child, append(absent(Privileges, Network, Files, Parent, Memory), standBack(p.Pid, c.Rank)...), nil
}
