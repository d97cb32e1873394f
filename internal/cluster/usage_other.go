//go:build !linux

package cluster

import (
	"errors"
	"time"
)

// Usage is what a process has used.
type Usage struct {
	// CPU is user and system time since the process began.
	CPU time.Duration
	// RSS is resident memory now, in bytes.
	RSS int64
}

// UsageOf is only known on Linux.
func UsageOf(int) (Usage, error) {
	return Usage{}, errors.New("the usage of another process is only measured on Linux")
}
