package jetstream

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// leaseKey is the one key of the lease's bucket: there is one partition.
const leaseKey = "0"

// holder is the lease's value.
type holder struct {
	Owner    string `json:"owner"`
	Epoch    uint64 `json:"epoch"`
	Released bool   `json:"released,omitempty"`
}

// lease says when to take the log over. It does not decide who may write: the
// stream does.
type lease struct {
	kv       jetstream.KeyValue
	owner    string
	period   time.Duration
	revision uint64
	epoch    uint64
}

// acquire returns when this coordinator holds the lease: when there is none, when
// the holder has released it, or when it was silent for a period on this machine's
// clock. It stops when ctx ends.
func (l *lease) acquire(ctx context.Context) error {
	w, err := l.kv.Watch(ctx, leaseKey)
	if err != nil {
		return fmt.Errorf("watch lease: %w", err)
	}
	defer w.Stop()
	silent := time.NewTimer(l.period)
	defer silent.Stop()
	var seen holder
	known := false // the current value has been received
	for {
		select {
		case e := <-w.Updates():
			if e == nil {
				known = true // all there was has been told
				if l.revision == 0 && l.take(ctx, seen) {
					return nil
				}
				continue
			}
			l.revision, seen = e.Revision(), holder{}
			if err := json.Unmarshal(e.Value(), &seen); err != nil {
				return final{fmt.Errorf("read lease: %w", err)}
			}
			silent.Reset(l.period)
			if !seen.Released || !l.take(ctx, seen) {
				continue
			}
			return nil
		case <-silent.C:
			if known && l.take(ctx, seen) {
				return nil
			}
			silent.Reset(l.period)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// take tries to get the lease from whoever held it at the revision seen last.
func (l *lease) take(ctx context.Context, from holder) bool {
	l.epoch = from.Epoch + 1
	return l.write(ctx, holder{Owner: l.owner, Epoch: l.epoch}) == nil
}

// write replaces the value seen last; it fails when there is a newer one.
func (l *lease) write(ctx context.Context, h holder) error {
	value, err := json.Marshal(h)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, l.period)
	defer cancel()
	revision, err := l.kv.Update(ctx, leaseKey, value, l.revision)
	if err == nil {
		l.revision = revision
	}
	return err
}

// renew keeps the lease until ctx ends. It returns an eventlog.ErrFenced when
// somebody else has it. A cluster that does not answer is no reason to stop: if
// the lease is lost meanwhile the stream refuses the next append.
func (l *lease) renew(ctx context.Context) error {
	tick := time.NewTicker(l.period / 3)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := l.write(ctx, holder{Owner: l.owner, Epoch: l.epoch}); err != nil {
				if held, other := l.held(ctx); other {
					return fmt.Errorf("%w: the lease is %s's", eventlog.ErrFenced, held.Owner)
				}
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// held looks who has the lease; other is true when it is not this coordinator. A
// renewal whose answer was lost is recognised here.
func (l *lease) held(ctx context.Context) (h holder, other bool) {
	ctx, cancel := context.WithTimeout(ctx, l.period)
	defer cancel()
	e, err := l.kv.Get(ctx, leaseKey)
	if err != nil || json.Unmarshal(e.Value(), &h) != nil {
		return holder{}, false
	}
	if h.Epoch == l.epoch && h.Owner == l.owner && !h.Released {
		l.revision = e.Revision()
		return h, false
	}
	return h, true
}

// release lets the next coordinator in at once. A renewal that was under way may
// have come between: it is looked for, and the release tried again.
func (l *lease) release(ctx context.Context) error {
	for {
		err := l.write(ctx, holder{Owner: l.owner, Epoch: l.epoch, Released: true})
		if err == nil || ctx.Err() != nil {
			return err
		}
		before := l.revision
		if _, other := l.held(ctx); other {
			return nil // it was taken over, or released by the attempt that failed
		}
		if l.revision == before {
			return err
		}
	}
}
