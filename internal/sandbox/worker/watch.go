package worker

import (
	"fmt"
	"slices"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/confine"
)

// watchEvery is how often the memory of worker processes is looked at. A guest's
// own memory is bounded by its instructions; this is for what is not.
const watchEvery = time.Second

func (p *Processes) watch() {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.weigh(confine.Resident)
		case <-p.ending.Done():
			return
		}
	}
}

// weigh kills the processes that have grown too large, and the heaviest while all
// together are too large.
func (p *Processes) weigh(resident func(pid int) (int64, bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var total int64
	weights := make(map[*process]int64, len(p.live))
	for child := range p.live {
		n, ok := resident(child.PID())
		if !ok {
			continue
		}
		if most := p.mostMemory(child.mode); n > most {
			child.kill(contracts.CodeResourceExhausted, fmt.Sprintf("it had %d MiB of memory, allowed are %d", n>>20, most>>20))
			continue
		}
		weights[child], total = n, total+n
	}
	for p.opts.TotalBytes > 0 && total > p.opts.TotalBytes {
		child := p.heaviest(weights)
		child.kill(contracts.CodeResourceExhausted, fmt.Sprintf(
			"all workers had %d MiB of memory, allowed are %d, and it %d", total>>20, p.opts.TotalBytes>>20, weights[child]>>20))
		total -= weights[child]
		delete(weights, child)
	}
}

// heaviest returns the heaviest idle process, or the heaviest of all if none is
// idle. p.mu is held.
func (p *Processes) heaviest(weights map[*process]int64) *process {
	var best *process
	bestIdle := false
	for child, n := range weights {
		idle := slices.Contains(p.idle, child)
		if best == nil || idle && !bestIdle || idle == bestIdle && n > weights[best] {
			best, bestIdle = child, idle
		}
	}
	return best
}

// pause waits, unless the runner is closed meanwhile.
func (p *Processes) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.ending.Done():
	}
}
