//go:build unix

package main

import (
	"errors"
	"os/exec"
	"syscall"
)

// background gives the child a session of its own, so that it outlives the
// terminal.
func background(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// alive reports whether a process exists.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// interrupt asks a process to stop.
func interrupt(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }
