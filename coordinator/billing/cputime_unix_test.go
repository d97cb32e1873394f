//go:build unix

package billing

import (
	"syscall"
	"time"
)

// processorTime is what this process has used of the processors, which a machine
// that does other work too says more about than the time that passed.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
