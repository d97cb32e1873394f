package confine

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// rankOf reads nice value and scheduling policy of a process, proc_pid_stat(5).
func rankOf(t *testing.T, pid int) (nice, policy string) {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest) // from field 3 on
	if len(fields) < 39 {
		t.Fatalf("%q has another form", stat)
	}
	return fields[19-3], fields[41-3]
}

// TestChildrenStandBack starts children of every rank, and sees that this process
// keeps its own.
func TestChildrenStandBack(t *testing.T) {
	mine, policy := rankOf(t, os.Getpid())
	for rank, want := range map[Rank][2]string{
		RankNormal: {mine, policy},
		RankLow:    {"10", policy},
		RankIdle:   {"19", fmt.Sprint(unix.SCHED_IDLE)},
	} {
		in, ours, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c, measures, err := NewLauncher().Start(Command{
			Path: os.Args[0], Args: []string{"test", "linger", "x"}, Files: []*os.File{in, os.Stdout, os.Stderr}, Rank: rank,
		})
		in.Close()
		if err != nil {
			t.Fatal(err)
		}
		nice, policy := rankOf(t, c.PID())
		ours.Close()
		c.State()
		for _, m := range measures {
			if m.Name == Priority && !m.On {
				t.Skip("this system does not let a process stand back: ", m.Detail)
			}
		}
		if nice != want[0] || policy != want[1] {
			t.Errorf("%q: nice %s, policy %s, want %v", rank, nice, policy, want)
		}
	}
	if nice, now := rankOf(t, os.Getpid()); nice != mine || now != policy {
		t.Errorf("this process has nice %s and policy %s, and had %s and %s", nice, now, mine, policy)
	}
}
