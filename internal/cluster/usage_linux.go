package cluster

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process has used.
type Usage struct {
	// CPU is user and system time since the process began.
	CPU time.Duration
	// RSS is resident memory now, in bytes.
	RSS int64
}

// clockTick is the unit of CPU times in /proc: USER_HZ, 100 on every Linux port.
const clockTick = 10 * time.Millisecond

// UsageOf reads the usage of a process from /proc (proc_pid_stat(5)).
func UsageOf(pid int) (Usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, err
	}
	// The command name may hold spaces; fields are counted behind its ')'.
	_, rest, ok := strings.Cut(string(stat[max(0, bytes.LastIndexByte(stat, ')')):]), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 22 {
		return Usage{}, fmt.Errorf("read usage of process %d: unknown form", pid)
	}
	var n [3]int64
	for i, at := range [...]int{11, 12, 21} { // utime, stime, rss
		if n[i], err = strconv.ParseInt(fields[at], 10, 64); err != nil {
			return Usage{}, fmt.Errorf("read usage of process %d: %w", pid, err)
		}
	}
	return Usage{CPU: time.Duration(n[0]+n[1]) * clockTick, RSS: n[2] * int64(os.Getpagesize())}, nil
}
