//go:build unix

package worker

import (
	"os"
	"syscall"
)

// pollable lets the runtime wait for f without a thread that must wake another.
func pollable(f *os.File) *os.File {
	fd := f.Fd()
	if syscall.SetNonblock(int(fd), true) != nil {
		return f
	}
	return os.NewFile(fd, f.Name())
}
