package llmbench

import (
	"time"

	"github.com/krako-labs/krako/internal/cluster"
)

// usage is the processor time of the processes that have to do with an answer.
type usage struct{ coord, pod, server, own time.Duration }

// add adds what was used between two readings.
func (u *usage) add(after, before usage) {
	u.coord += after.coord - before.coord
	u.pod += after.pod - before.pod
	u.server += after.server - before.server
	u.own += after.own - before.own
}

// meter reads the processor time of processes by their ids. What it cannot read is 0,
// as on systems other than Linux.
type meter struct{ coord, pod, server int }

func (m meter) read() (u usage) {
	own, _ := cluster.OwnUsage()
	u.own = own.CPU
	for _, of := range []struct {
		pid int
		cpu *time.Duration
	}{{m.coord, &u.coord}, {m.pod, &u.pod}, {m.server, &u.server}} {
		if of.pid > 0 {
			*of.cpu, _ = cluster.ThreadsCPU(of.pid)
		}
	}
	return u
}
