package confine

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	niceLow = 10
	niceMax = 19
	// ioprio_set(2): which is a thread, and a value is a class above a level.
	ioprioThread   = 1
	ioprioShift    = 13
	ioprioIdle     = 3 << ioprioShift
	ioprioLowest   = 2<<ioprioShift | 7 // best effort, last
	schedAttrBytes = 48
)

// standBack gives this thread, and what it starts, a rank.
func standBack(r Rank) []Measure {
	nice, io := niceMax, ioprioIdle
	switch r {
	case RankNormal:
		return nil
	case RankLow:
		nice, io = niceLow, ioprioLowest
	}
	detail := "nice " + strconv.Itoa(nice)
	err := unix.Setpriority(unix.PRIO_PROCESS, 0, nice)
	if r == RankIdle && err == nil {
		err = unix.SchedSetAttr(0, &unix.SchedAttr{Size: schedAttrBytes, Policy: unix.SCHED_IDLE, Nice: int32(nice)}, 0)
		detail = "only what nobody else wants"
	}
	// Disks are served in this order only by some schedulers, so it is no part of
	// the measure.
	_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ioprioThread, 0, uintptr(io))
	return []Measure{tried(Priority, detail, err)}
}

// groupBack gives the scheduling group of a child's session its rank: within it
// the rank of a thread says nothing to the other groups. Kernels without such
// groups, or with control groups in their place, do not need it.
func groupBack(pid int, r Rank) {
	nice := map[Rank]int{RankLow: niceLow, RankIdle: niceMax}[r]
	if nice > 0 {
		_ = os.WriteFile("/proc/"+strconv.Itoa(pid)+"/autogroup", []byte(strconv.Itoa(nice)), 0)
	}
}
