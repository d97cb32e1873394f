package worker

import (
	"slices"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
)

// Pauses before a process is started after others died and no task ended in
// between: whatever kills them, starting them is not all that this machine does.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 10 * time.Second
)

// take returns an idle process, one that has run the module if there is one, or
// a new one; nil when the runner is closed. It waits while as many as there are
// slots are busy.
func (p *Processes) take(module cid.Cid) *process {
	for {
		child, pause := p.choose(module)
		if child != nil || p.ending.Err() != nil {
			return child
		}
		p.pause(pause)
		child, err := p.start(modeUnits)
		if err == nil {
			return child
		}
		p.mu.Lock()
		p.units--
		p.failures++
		p.mu.Unlock()
		p.log.Error("worker process not started", "error", err)
	}
}

// choose returns an idle process, or nil and how long to wait before another is
// started, which the caller is to do.
func (p *Processes) choose(module cid.Cid) (*process, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.closed {
		for len(p.idle) > 0 {
			at := max(slices.IndexFunc(p.idle, func(c *process) bool { _, has := c.loaded[module]; return has }), 0)
			child := p.idle[at]
			p.idle = slices.Delete(p.idle, at, at+1)
			if !child.dead() {
				return child, 0
			}
			p.remove(child, child.autopsy(nil))
		}
		if p.units < p.opts.Slots {
			p.units++
			return nil, p.restartPause()
		}
		p.free.Wait()
	}
	return nil, 0
}

// restartPause is how long to wait before a process is started. p.mu is held.
func (p *Processes) restartPause() time.Duration {
	if p.failures == 0 {
		return 0
	}
	return min(firstPause<<min(p.failures-1, 16), lastPause)
}

// giveBack makes a process idle.
func (p *Processes) giveBack(child *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, child)
	p.free.Signal()
}

// completed notes that a task has ended well: what killed processes before does
// not kill every one.
func (p *Processes) completed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures = 0
	p.suspects.completed++
}

// died takes a process that died while it had tasks of these modules.
func (p *Processes) died(child *process, death *DeathError, modules []cid.Cid) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(child, death)
	if death.Code == contracts.CodeInternal {
		p.suspects.blame(modules)
	}
	p.free.Signal()
}

// remove forgets a dead process. p.mu is held.
func (p *Processes) remove(child *process, death *DeathError) {
	delete(p.live, child)
	if child.mode == modeUnits {
		p.units--
	}
	child.close()
	if death.meant {
		p.log.Debug("worker process ended with its task", "pid", child.PID(), "code", death.Code)
		return
	}
	p.report.Deaths++
	p.report.LastDeath = death.Reason
	if death.Code == contracts.CodeInternal {
		p.failures++
	}
	p.log.Warn("worker process died", "pid", child.PID(), "code", death.Code, "reason", death.Reason)
}

func (p *Processes) refused(module cid.Cid) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.suspects.refuses(module)
}
