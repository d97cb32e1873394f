package worker

import (
	"fmt"
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

// weigh kills the processes that have grown too large.
func (p *Processes) weigh(resident func(pid int) (int64, bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for child := range p.live {
		most := p.mostMemory(child.mode)
		if n, ok := resident(child.PID()); ok && n > most {
			child.kill(contracts.CodeResourceExhausted, fmt.Sprintf("it had %d MiB of memory, allowed are %d", n>>20, most>>20))
		}
	}
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
