package scaler

import (
	"os/exec"
	"syscall"
)

// bind makes a child end with this process, also when that is killed.
func bind(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
