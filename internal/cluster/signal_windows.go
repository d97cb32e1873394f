package cluster

import (
	"os"
	"os/exec"
	"syscall"
)

// detach keeps the console's Ctrl-C from reaching the child: the cluster stops
// its children in order.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// terminate has no gentle form here: a console event needs a shared console.
func terminate(p *os.Process) error { return p.Kill() }
