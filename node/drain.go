package node

import (
	"context"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// lastWords is how long a node that gave its units back waits for what it has
// sent to be acknowledged.
const lastWords = 2 * time.Second

// draining reports whether a graceful stop has begun.
func (a *Agent) draining() bool { return a.leaving.Err() != nil }

// drained reports whether a graceful stop has begun and nothing is left to do.
func (a *Agent) drained() bool { return a.draining() && a.backlog.idle() && a.outbox.empty() }

// limitDrain ends a graceful stop that takes too long: first it gives the units
// in hand back, so that others run them now rather than when their leases
// expire, then it ends ctx.
func (a *Agent) limitDrain(ctx context.Context, cancel context.CancelCauseFunc) {
	select {
	case <-a.leaving.Done():
	case <-ctx.Done():
		return
	}
	limit := a.cfg.DrainTimeout
	if !pause(ctx, limit) {
		return
	}
	a.log.Warn("units given back", "leases", len(a.backlog.leases()), "drain_timeout", limit.String())
	a.backlog.cancelAll(errLeaving)
	if pause(ctx, lastWords) {
		cancel(contracts.Errorf(contracts.CodeTimeout, "drain",
			"%d batches were not acknowledged in %s", a.outbox.len(), limit+lastWords))
	}
}
