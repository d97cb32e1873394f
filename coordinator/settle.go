package coordinator

import (
	"context"
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/internal/blob"
)

// closeAtOnce is the most units of a session whose result is written by the loop:
// it takes a fraction of a millisecond, and the session's last record then shares
// a sync with its last unit's. Larger ones take time to encode and are closed on a
// goroutine of their own.
const closeAtOnce = 16

// settle closes the sessions that are over.
func (st *state) settle(ctx context.Context) {
	for id, l := range st.touched {
		delete(st.touched, id)
		if !l.Run().Over() || l.closing {
			continue
		}
		l.closing = true
		if l.Plan().Len() <= closeAtOnce {
			result, err := st.c.conclude(context.WithoutCancel(ctx), l)
			st.finish(l, result, err)
			continue
		}
		st.c.tellers.Go(func() { st.c.closeSession(ctx, l) })
	}
}

// closeSession writes the result of a session that is over and seals it. It
// reads the session beside the loop, which changes it no more.
func (c *Coordinator) closeSession(ctx context.Context, l *live) {
	result, err := c.conclude(ctx, l)
	if c.post(ctx, func(st *state) { st.finish(l, result, err) }) != nil {
		c.log.Debug("session stays open until the next start", "session", l.ID)
	}
}

// conclude writes the result of a session and claims what it names.
func (c *Coordinator) conclude(ctx context.Context, l *live) (blob.Block, error) {
	result, err := c.result(ctx, l)
	if err == nil {
		err = c.claimAll(ctx, l, result.CID)
	}
	return result, err
}

// finish seals a session whose result is written, or ends the loop if it could
// not be.
func (st *state) finish(l *live, result blob.Block, err error) {
	if err == nil {
		err = st.seal(l, result)
	}
	if err != nil {
		st.failed = fmt.Errorf("close session %s: %w", l.ID, err)
	}
}

func (c *Coordinator) result(ctx context.Context, l *live) (blob.Block, error) {
	answer, err := c.answer(ctx, l)
	if err != nil {
		return blob.Block{}, err
	}
	w := documentWriter{ctx: ctx, to: c.parts.Blocks}
	defer w.free()
	if err := l.billed(l.Result(c.parts.Now(), "krako", answer)).WriteJSON(&w, l.Telemetry); err != nil {
		return blob.Block{}, fmt.Errorf("write result: %w", err)
	}
	return w.finish()
}

// answer selects the final output. A pointer that leads nowhere answers null:
// the unit's whole output is still at hand by its address.
func (c *Coordinator) answer(ctx context.Context, l *live) (contracts.JSON, error) {
	unit, ok := l.Answer()
	if !ok {
		return nil, nil
	}
	out := l.Output(unit)
	data, err := c.parts.Blocks.Get(ctx, out.CID)
	if err != nil {
		return nil, fmt.Errorf("read final output: %w", err)
	}
	answer, err := dag.Answer(l.FinalOutput(), out.MediaType, data)
	if err != nil {
		c.log.Warn("final output cannot be selected", "session", l.ID, "error", err)
	}
	return answer, nil
}

// seal appends the session's last record and lets its waiters go once that is
// durable.
func (st *state) seal(l *live, result blob.Block) error {
	rec, err := l.Close(st.now, result.CID)
	if err != nil {
		return err
	}
	st.settleCost(l, rec.Closed)
	if err := l.Apply(&rec); err != nil {
		return err
	}
	st.commit.keep(result)
	if u := l.use().less(l.spent); u != (usage{}) {
		used := access.Fact{At: st.now.UnixMicro(), Used: &access.Used{Tenant: l.Accepted.Tenant, Fuel: u.fuel, Tokens: u.tokens}}
		if err := st.learn(used, nil); err != nil {
			return err
		}
	}
	l.voices.deafen()
	delete(st.sessions, l.ID)
	st.count(-l.Plan().Len())
	delete(st.touched, l.ID)
	ended := &sealed{summary: l.Summary(), result: result.CID, graph: l.graph, first: l.first, last: &beginning{}, again: l.again, over: l.over}
	st.recent.add(l.ID, ended)
	st.c.log.Info("session ended", "session", l.ID, "state", rec.Closed.State, "reason", rec.Closed.Reason, "units", rec.Closed.Units.Total)
	fold := st.folded(&rec)
	return st.commit.add(&rec, func(at eventlog.Offset) {
		ended.last.Store(uint64(at))
		close(l.over)
		if fold != nil {
			fold(at)
		}
	})
}

// forget lets go of ended sessions that the read model has.
func (st *state) forget() {
	for _, s := range st.recent.evict(st.c.cfg.Recent, eventlog.Offset(st.c.projector.indexed.Load())) {
		delete(st.requests, requestKey{s.summary.TenantID, s.summary.RequestID})
	}
	st.c.generation.Store(st.recent.generation)
}
