package cluster

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
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

// clockTick is the unit of CPU times in /proc: USER_HZ, 100 on every Linux port.
const clockTick = 10 * time.Millisecond

// UsageOf reads the usage of a process and its children from /proc
// (proc_pid_stat(5)).
func UsageOf(pid int) (Usage, error) {
	u, err := usageOf(pid)
	if err != nil {
		return u, err
	}
	for _, child := range children(pid) {
		// One that has ended meanwhile is in its parent's time when it is next read.
		c, _ := usageOf(child)
		u.CPU += c.CPU
		u.RSS += c.RSS
	}
	return u, nil
}

// OwnUsage is the usage of this process without its children.
func OwnUsage() (Usage, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return Usage{}, fmt.Errorf("read own usage: %w", err)
	}
	whole, err := usageOf(os.Getpid())
	return Usage{CPU: time.Duration(u.Utime.Nano() + u.Stime.Nano()), RSS: whole.RSS}, err
}

// ThreadsCPU is what the threads of a process that live have used, its children's
// not included, to the nanosecond (proc_pid_schedstat(5), schedstats documentation of
// the kernel): fit for what takes less than a clock tick.
func ThreadsCPU(pid int) (cpu time.Duration, err error) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid)) // the pattern is well-formed
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // a thread that ended
		}
		used, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(used, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read usage of process %d: %w", pid, err)
		}
		cpu += time.Duration(n)
	}
	if cpu == 0 {
		return 0, fmt.Errorf("read usage of process %d: its threads are not there, or this kernel does not count", pid)
	}
	return cpu, nil
}

// children lists the processes that the threads of a process have started.
func children(pid int) (list []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well-formed
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // a thread that ended
		}
		for _, field := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(field); err == nil {
				list = append(list, n)
			}
		}
	}
	return list
}

func usageOf(pid int) (Usage, error) {
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
	var n [5]int64
	for i, at := range [...]int{11, 12, 13, 14, 21} { // utime, stime, cutime, cstime, rss
		if n[i], err = strconv.ParseInt(fields[at], 10, 64); err != nil {
			return Usage{}, fmt.Errorf("read usage of process %d: %w", pid, err)
		}
	}
	return Usage{CPU: time.Duration(n[0]+n[1]+n[2]+n[3]) * clockTick, RSS: n[4] * int64(os.Getpagesize())}, nil
}
