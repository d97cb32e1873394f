package node

import (
	"errors"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/worker"
)

const (
	// maxDeaths is how many worker processes may die with a unit before it is
	// given up: once among others, which may be to blame, and once alone, or by an
	// accident of this machine.
	maxDeaths = 2
	// maxStagings is how often a unit is staged: its module can be pruned in
	// between, but not each time.
	maxStagings = 3
)

// work is one slot: it runs units until the backlog is closed.
func (a *Agent) work() {
	for {
		batch := a.backlog.next(a.runner.MaxBatch())
		if batch == nil {
			return
		}
		tasks := make([]worker.Task, len(batch.units))
		for i, u := range batch.units {
			tasks[i] = worker.Task{Context: u.ctx, Unit: u.id, Call: u.call, Limit: u.timeout}
		}
		// All units in hand are of one cluster.
		a.runner.Run(tasks, batch.units[0].cluster, func(i int, e worker.End) { a.ended(batch.units[i], e) })
		a.backlog.vacate(batch)
	}
}

// ended takes a unit back from a slot.
func (a *Agent) ended(u *unit, e worker.End) {
	err := e.Err
	death, died := errors.AsType[*worker.DeathError](err)
	switch {
	case err == nil:
		finished := time.Now()
		var r *report
		if r, err = newReport(u, a.id, e.Outcome, finished.Add(-e.Took), finished); err == nil {
			a.backlog.done(u, r)
			return
		}
	case errors.Is(err, worker.ErrNotRun):
		a.backlog.again(u)
		return
	case errors.Is(err, worker.ErrNotAdmitted) && u.stagings < maxStagings:
		u.cluster.forget(u.call.Module.Cid)
		a.backlog.restage(u)
		return
	case died && u.survives(death):
		a.backlog.again(u)
		return
	case died:
		err = contracts.Errorf(death.Code, u.id.String(), "%w", death)
	}
	a.log.Debug("unit has no result", "unit", u.id, "lease", u.lease, "error", err)
	a.backlog.failed(u, err)
}

// survives notes that a worker process died with the unit and reports whether to
// run it again: by itself, so that it is known whose fault another death is.
func (u *unit) survives(death *worker.DeathError) bool {
	u.deaths++
	u.alone = true
	known := death.Alone && death.Code != contracts.CodeInternal // its deadline, or its size
	return !known && u.deaths < maxDeaths
}
