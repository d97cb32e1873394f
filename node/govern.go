package node

import (
	"context"
	"time"

	"github.com/krako-labs/krako/internal/sandbox/worker"
)

const (
	// senseEvery is how often the machine is looked at. An order is obeyed at once.
	senseEvery = 5 * time.Second
	// saveEvery is how often the journal is kept: that much of it a crash loses.
	saveEvery = 5 * time.Minute
)

// govern holds the agent to its owner's rules until ctx ends.
func (a *Agent) govern(ctx context.Context) {
	leaving := a.leaving.Done()
	saved := time.Now()
	for ctx.Err() == nil {
		select {
		case <-time.After(a.nextLook(time.Now())):
		case <-a.governor.changed:
		case <-leaving:
			leaving = nil
		case <-ctx.Done():
		}
		now := time.Now()
		a.look(now)
		if now.Sub(saved) >= saveEvery {
			saved = now
			a.journal.save(a.backlog.count(), now)
		}
	}
	a.journal.save(a.backlog.count(), time.Now())
}

// nextLook is how long until something is to be looked at.
func (a *Agent) nextLook(now time.Time) time.Duration {
	next := senseEvery
	if since, paused := a.governor.since(); paused {
		if left := since.Add(a.cfg.PauseHold).Sub(now); left > 0 {
			next = min(next, left)
		}
	}
	return next
}

// look decides and obeys. A paused node asks for nothing and gives back what has
// not begun at once, what has after Config.PauseHold, or when it is to stop;
// then it frees what memory it can.
func (a *Agent) look(now time.Time) {
	busy, _ := a.backlog.usage()
	running := float64(busy*a.cfg.CPUShare) / 100
	if a.governor.paused() {
		running = 0
	}
	before, after := a.governor.look(now, running)
	a.runner.SetPace(worker.Pace{Share: a.cfg.CPUShare, Paused: after.Paused()})
	switch {
	case !after.Paused():
		if before.Paused() {
			a.log.Info("node resumes")
			a.backlog.resume()
		}
		return
	case !before.Paused():
		a.log.Info("node pauses", "cause", after.Reasons[0].Cause, "reason", after.Reasons[0].Text, "until", until(after.Reasons[0].Until))
	}
	a.backlog.pause()
	if since, _ := a.governor.since(); a.draining() || now.Sub(since) >= a.cfg.PauseHold {
		a.backlog.cancelAll(errPaused)
		a.runner.Release()
	}
	a.backlog.pulse.beat() // the coordinator is to know, and may know another cause
}

func until(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.Format(time.RFC3339)
}
