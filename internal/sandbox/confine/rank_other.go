//go:build !linux && !windows

package confine

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// standBack gives a child a rank.
func standBack(pid int, r Rank) []Measure {
	nice := map[Rank]int{RankLow: 10, RankIdle: 19}[r]
	if nice == 0 {
		return nil
	}
	return []Measure{tried(Priority, fmt.Sprintf("nice %d", nice), unix.Setpriority(unix.PRIO_PROCESS, pid, nice))}
}
