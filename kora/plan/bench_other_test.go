//go:build !linux

package plan

import "time"

var start = time.Now()

// threadTime is the time by the clock.
func threadTime() time.Duration { return time.Since(start) }
