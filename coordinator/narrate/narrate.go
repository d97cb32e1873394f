// Package narrate tells the whole log as events, in its order: those of sessions as
// everybody sees them, those of prices, credit and nodes beside them.
//
// A Teller is a fold of records like any other, so that telling the same log again
// gives the same events with the same ids, whoever does it and whenever. It never
// writes, and execution does not know of it.
package narrate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/capacity"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
)

// Log is what is told.
type Log interface {
	Cluster() string
	Read(ctx context.Context, from eventlog.Offset, fn func(eventlog.Record) error) error
}

// Blocks has the graphs of sessions.
type Blocks interface {
	Get(ctx context.Context, id cid.Cid) ([]byte, error)
}

// Teller tells records. It is owned by one goroutine.
type Teller struct {
	log      Log
	blocks   Blocks
	tell     func(contracts.Event)
	source   string
	open     map[contracts.SessionID]*telling
	capacity *capacity.Core // nil before there was a policy
	// Wants says which sessions are told; nil for all.
	Wants func(*session.Accepted) bool
	// Silent folds without telling, to take up a log in the middle. Late says that this
	// is done without a saved fold: what capacity decided by a policy from before is
	// then not told, only what was seen.
	Silent, Late bool
}

type telling struct {
	*session.Session
	first eventlog.Offset
}

// New returns a teller that has told nothing yet. tell may keep what it is given.
func New(log Log, blocks Blocks, tell func(contracts.Event)) *Teller {
	return &Teller{
		log: log, blocks: blocks, tell: tell, source: "/krako/coordinator/" + log.Cluster(), open: map[contracts.SessionID]*telling{},
	}
}

// Source is the source of the events that are of no session.
func (t *Teller) Source() string { return t.source }

// Priced reports whether a session that is being told was accepted at prices.
func (t *Teller) Priced(id contracts.SessionID) bool {
	s := t.open[id]
	return s != nil && s.Accepted.Prices != ""
}

// Begin is the first record that a teller must fold silently to go on from behind
// at: where the oldest session begins that is open.
func (t *Teller) Begin(at eventlog.Offset) eventlog.Offset {
	begin := at + 1
	for _, s := range t.open {
		begin = min(begin, s.first)
	}
	return begin
}

// Take tells the next record of the log.
func (t *Teller) Take(ctx context.Context, rec eventlog.Record) error {
	id, fact := session.Peek(rec.Data)
	if fact != 0 && t.open[id] == nil {
		return nil // of a session that is not told, or a batch
	}
	r, err := session.DecodeRecord(rec.Data)
	if err == nil {
		err = t.take(ctx, rec.Offset, &r)
	}
	if err != nil {
		return fmt.Errorf("record %d: %w", rec.Offset, err)
	}
	return nil
}

func (t *Teller) take(ctx context.Context, at eventlog.Offset, r *session.Record) error {
	if r.Session == "" {
		return t.fabric(at, r)
	}
	if r.Accepted != nil {
		return t.begin(ctx, at, r.Session, r.Accepted, r, false)
	}
	s := t.open[r.Session]
	if s == nil && r.Superseded != nil && r.Superseded.Opening != nil {
		o := r.Superseded.Opening
		err := t.again(ctx, eventlog.Offset(o.First), at, r.Session)
		if _, gone := errors.AsType[*eventlog.TrimmedError](err); gone {
			return nil // it cannot be told any more
		}
		if err != nil {
			return err
		}
		s = t.open[r.Session]
	}
	if s == nil {
		return nil
	}
	if err := s.Apply(r); err != nil {
		return err
	}
	if r.Closed != nil {
		delete(t.open, r.Session)
	}
	return nil
}

// begin opens a session and tells its start.
func (t *Teller) begin(ctx context.Context, at eventlog.Offset, id contracts.SessionID, a *session.Accepted, r *session.Record, mute bool) error {
	if t.Wants != nil && !t.Wants(a) {
		return nil
	}
	block, err := t.blocks.Get(ctx, a.Graph.Cid)
	if err != nil {
		return fmt.Errorf("read graph of session %s: %w", id, err)
	}
	g, err := contracts.DecodeGraph(block)
	if err != nil {
		return fmt.Errorf("read graph of session %s: %w", id, err)
	}
	s, err := session.Open(r, g, t.source)
	if err != nil {
		return err
	}
	t.open[id] = &telling{s, at}
	if mute {
		s.TellStart()
		return nil
	}
	s.Listen(t.hear)
	s.TellStart()
	return nil
}

func (t *Teller) hear(e contracts.Event) {
	if !t.Silent {
		t.tell(e)
	}
}

var errEnough = errors.New("enough")

// again folds a session that was told to its end once more, without a word: a
// result of it was superseded.
func (t *Teller) again(ctx context.Context, first, before eventlog.Offset, id contracts.SessionID) error {
	err := t.log.Read(ctx, first, func(rec eventlog.Record) error {
		if rec.Offset >= before {
			return errEnough
		}
		if of, _ := session.Peek(rec.Data); of != id {
			return nil
		}
		r, err := session.DecodeRecord(rec.Data)
		if err != nil {
			return err
		}
		if r.Accepted != nil {
			return t.begin(ctx, first, id, r.Accepted, &r, true)
		}
		if s := t.open[id]; s != nil {
			return s.Apply(&r)
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	if s := t.open[id]; s != nil {
		s.Listen(t.hear)
	}
	return nil
}

// event makes an event that is of no session. Its id is derived from where its
// record stands, and its number among the record's events.
func (t *Teller) event(at eventlog.Offset, n int, r *session.Record, kind contracts.EventType, tenant contracts.TenantID, data []byte) contracts.Event {
	h := sha256.New()
	h.Write([]byte(t.log.Cluster()))
	h.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(at)), uint64(n)))
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(r.Time().UnixMilli())<<16)
	copy(id[6:], h.Sum(nil))
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return contracts.Event{
		SpecVersion: "1.0", ID: id.String(), Source: t.source, Type: kind, Time: contracts.Time{Time: r.Time().Truncate(time.Microsecond)},
		TenantID: tenant, Data: data, DataContentType: "application/json", DataSchema: contracts.DataSchemaOf(kind),
	}
}
