package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/billing"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/narrate"
)

// Teller tells a log as narrate does, and behind each event what it came to in the
// accounts: usage, debits, releases, reversals, and what was put aside. It is a fold
// of its own, so that telling the log again gives the same events; nothing of it is
// ever written to the log. It is owned by one goroutine.
type Teller struct {
	*narrate.Teller
	// Quiet is the last record that is folded and not told.
	Quiet eventlog.Offset

	book  *billing.Book
	known eventlog.Offset // the book knows all up to here
	clock func() time.Time
	tell  func(contracts.Event)
	at    eventlog.Offset
	last  contracts.Time // of the last event that was heard
}

// NewTeller returns a teller of a log that is read from its beginning. tell may keep
// what it is given. clock tells which events are of a time that is yet to come; nil
// is time.Now.
func NewTeller(log narrate.Log, blocks narrate.Blocks, clock func() time.Time, tell func(contracts.Event)) *Teller {
	if clock == nil {
		clock = time.Now
	}
	t := &Teller{book: billing.New(), clock: clock, tell: tell, last: contracts.Time{Time: time.Unix(0, 0).UTC()}}
	t.Teller = narrate.New(log, blocks, t.hear)
	return t
}

// Resume has a teller that has told nothing yet go on from the ledger's last snapshot.
// It returns the record to read from, at the latest.
func (l *Ledger) Resume(ctx context.Context, t *Teller) (eventlog.Offset, error) {
	var (
		through, begin int64
		snapshot       []byte
	)
	err := l.db.Query(ctx, func(scan func(...any) error) error { return scan(&through, &begin, &snapshot) },
		"SELECT through, begin, book FROM position")
	if err != nil || len(snapshot) == 0 {
		return 1, err
	}
	book, err := billing.Restore(snapshot)
	if err != nil {
		return 0, err
	}
	t.book, t.known = book, eventlog.Offset(through)
	return max(1, eventlog.Offset(begin)), nil
}

// Take tells the next record. One that cannot be told is put aside, and said to be.
func (t *Teller) Take(ctx context.Context, rec eventlog.Record) error {
	t.at, t.Silent = rec.Offset, rec.Offset <= min(t.known, t.Quiet)
	err := t.Teller.Take(ctx, rec)
	bad, ok := errors.AsType[*contracts.Error](err)
	if !ok || ctx.Err() != nil {
		return err
	}
	if t.at > t.Quiet {
		t.tell(billing.TellRecord(int64(rec.Offset), t.Source(), t.last, bad.Code, err.Error()))
	}
	return nil
}

func (t *Teller) hear(e contracts.Event) {
	t.last = e.Time
	if t.at > t.Quiet {
		t.tell(e)
	}
	// What is given out for nothing is nobody's account.
	if t.at <= t.known || e.SessionID != "" && !t.Priced(e.SessionID) {
		return
	}
	ts, bad := t.book.Apply(&e, t.clock())
	if t.at <= t.Quiet {
		return
	}
	for _, c := range billing.Tell(&e, ts, bad) {
		t.tell(c)
	}
}
