//go:build !linux

package cluster

import (
	"errors"
	"time"
)

// Usage is what a process and its children have used.
type Usage struct {
	// CPU is user and system time since the process began, its children's too,
	// those that have ended included.
	CPU time.Duration
	// RSS is resident memory now, in bytes. Pages that several processes share
	// count for each.
	RSS int64
}

// UsageOf is only known on Linux.
func UsageOf(int) (Usage, error) {
	return Usage{}, errors.New("the usage of another process is only measured on Linux")
}

// OwnUsage is only known on Linux.
func OwnUsage() (Usage, error) { return UsageOf(0) }

// ThreadsCPU is only known on Linux.
func ThreadsCPU(int) (time.Duration, error) {
	_, err := UsageOf(0)
	return 0, err
}
