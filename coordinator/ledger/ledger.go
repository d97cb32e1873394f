package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/billing"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/narrate"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/internal/sqlite"
)

// version counts changes of the schema, and of what the book computes: a file of
// another version is computed again.
const version = 3

const schema = `
CREATE TABLE position (log TEXT NOT NULL, through INTEGER NOT NULL, begin INTEGER NOT NULL, seq INTEGER NOT NULL, book BLOB NOT NULL) STRICT;
CREATE TABLE entry (seq INTEGER PRIMARY KEY, tenant TEXT NOT NULL, doc TEXT NOT NULL) STRICT;
CREATE TABLE touch (account TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (account, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE aside (record INTEGER NOT NULL, event TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, due INTEGER NOT NULL, PRIMARY KEY (record, event)) STRICT, WITHOUT ROWID;
`

// Log is the durable log that is read.
type Log interface {
	narrate.Log
	Wait(ctx context.Context, from eventlog.Offset) error
	Last() eventlog.Offset
}

// Ledger is an open ledger. Run writes it; everything else only reads and may be
// called by any number of goroutines.
type Ledger struct {
	db  *sqlite.DB
	log *slog.Logger

	// Run's alone.
	book   *billing.Book
	teller *narrate.Teller
	next   eventlog.Offset // the next record to read
	told   eventlog.Offset // up to here the book knows all
	seq    int64
	kept   eventlog.Offset // where the last snapshot was made
	rows   []row
	asides []aside
	clock  func() time.Time
	now    eventlog.Offset // the record that is told

	mu      sync.Mutex
	through eventlog.Offset
	moved   chan struct{} // closed when through changes
}

// aside is an event that was put aside, due when it was because its time is yet to
// come: then the ledger is computed again.
type aside struct {
	contracts.PutAside
	due int64
}

type row struct {
	seq int64
	tx  billing.Transaction
}

// Open opens the ledger of a cluster's log in the file at path. clock tells which
// events are of a time that is yet to come; nil is time.Now.
func Open(ctx context.Context, path, cluster string, log *slog.Logger, clock func() time.Time) (*Ledger, error) {
	if clock == nil {
		clock = time.Now
	}
	l := &Ledger{log: log, clock: clock, moved: make(chan struct{})}
	for range 2 {
		db, _, err := sqlite.Open(ctx, path, version, schema)
		if err != nil {
			return nil, err
		}
		l.db = db
		if err = l.load(ctx, cluster); err == nil {
			return l, nil
		}
		log.Warn("ledger cannot be used, computing it anew", "error", err)
		if err := db.Close(); err != nil {
			return nil, err
		}
		if err := sqlite.Remove(path); err != nil {
			return nil, err
		}
	}
	return nil, contracts.Errorf(contracts.CodeInternal, path, "a ledger that was just made cannot be read")
}

// load takes the snapshot up, or makes an empty one in an empty file.
func (l *Ledger) load(ctx context.Context, cluster string) error {
	var (
		of             string
		through, begin int64
		snapshot       []byte
		found          bool
	)
	err := l.db.Query(ctx, func(scan func(...any) error) error {
		found = true
		return scan(&of, &through, &begin, &l.seq, &snapshot)
	}, "SELECT log, through, begin, seq, book FROM position")
	switch {
	case err != nil:
		return err
	case !found:
		l.book, l.next, l.told, l.kept, l.seq = billing.New(), 1, 0, 0, 0
		return l.db.Update(ctx, func(tx *sqlite.Tx) error { return tx.Exec("INSERT INTO position VALUES (?, 0, 1, 0, x'')", cluster) })
	case of != cluster:
		return contracts.Errorf(contracts.CodeConflict, "ledger", "is of log %s, not %s", of, cluster)
	}
	if due, err := l.due(ctx); err != nil || due {
		return cmp.Or(err, error(contracts.Errorf(contracts.CodeConflict, "ledger", "put events aside whose time has come")))
	}
	l.book = billing.New()
	if len(snapshot) > 0 {
		if l.book, err = billing.Restore(snapshot); err != nil {
			return err
		}
	}
	l.told, l.next, l.kept = eventlog.Offset(through), max(1, eventlog.Offset(begin)), eventlog.Offset(through)
	l.through = l.told
	return nil
}

// due reports whether the time of an event has come that was put aside for it.
func (l *Ledger) due(ctx context.Context) (bool, error) {
	var n int64
	err := l.db.Query(ctx, func(scan func(...any) error) error { return scan(&n) },
		"SELECT count(*) FROM aside WHERE due > 0 AND due <= ?", l.clock().UnixMicro())
	return n > 0, err
}

// Close ends the ledger's use. Run must have ended.
func (l *Ledger) Close() error { return l.db.Close() }

const (
	// maxRows bounds the transactions that are written at once.
	maxRows = 4096
	// keepEvery is how many records there are between two snapshots, at least.
	keepEvery = 64 << 10
	// linger is how long what is new waits for more: each look at the log has its price.
	linger = 100 * time.Millisecond
	// retry is how long a log or file that fails is left alone.
	retry = 5 * time.Second
)

// Run reads the log until ctx ends. What fails is logged and tried again: the
// ledger is behind then, and nothing else.
func (l *Ledger) Run(ctx context.Context, log Log, blocks narrate.Blocks) error {
	l.teller = narrate.New(log, blocks, l.hear)
	// Where nothing costs anything there is nothing to tell.
	l.teller.Wants = func(a *session.Accepted) bool { return a.Prices != "" }
	for {
		err := l.catchUp(ctx, log)
		if err == nil {
			err = log.Wait(ctx, l.next)
		}
		if ctx.Err() != nil {
			break
		}
		again := time.NewTimer(linger)
		if err != nil {
			l.log.Error("ledger is behind", "record", l.next, "error", err)
			again.Reset(retry)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
		}
	}
	if err := l.flush(context.WithoutCancel(ctx), true); err != nil {
		l.log.Warn("ledger was not kept, a start has to read more", "error", err)
	}
	return nil
}

// catchUp reads to the end of the log.
func (l *Ledger) catchUp(ctx context.Context, log Log) error {
	err := log.Read(ctx, l.next, func(rec eventlog.Record) error {
		l.now, l.teller.Silent = rec.Offset, rec.Offset <= l.told
		if err := l.teller.Take(ctx, rec); err != nil {
			bad, ok := errors.AsType[*contracts.Error](err)
			if !ok || ctx.Err() != nil {
				return err
			}
			l.putAside("", bad.Code, err.Error(), 0) // it would be no better the next time
		}
		l.next, l.told = rec.Offset+1, max(l.told, rec.Offset)
		if len(l.rows) >= maxRows || l.told-l.kept >= keepEvery && l.told == rec.Offset {
			return l.flush(ctx, l.told-l.kept >= keepEvery)
		}
		return nil
	})
	if gone, ok := errors.AsType[*eventlog.TrimmedError](err); ok {
		// Nothing is let go where there ever was something to account for.
		l.log.Info("the log begins later than the ledger had read", "ledger", l.next, "log", gone.First)
		l.next, l.told, err = gone.First, max(l.told, gone.First-1), nil
	}
	if err != nil {
		return err
	}
	return l.flush(ctx, false)
}

func (l *Ledger) hear(e contracts.Event) {
	now := l.clock()
	ts, bad := l.book.Apply(&e, now)
	if bad != nil {
		due := int64(0)
		if e.Time.After(now) {
			due = e.Time.UnixMicro()
		}
		l.putAside(bad.Event, bad.Code, bad.Reason, due)
	}
	for i := range ts {
		l.seq++
		l.rows = append(l.rows, row{l.seq, ts[i]})
	}
}

// putAside notes what could not be taken in.
func (l *Ledger) putAside(event string, code contracts.Code, reason string, due int64) {
	l.log.Warn("event was put aside", "record", l.now, "event", event, "code", code, "reason", reason)
	l.asides = append(l.asides, aside{contracts.PutAside{Record: int64(l.now), Event: event, Code: code, Reason: reason}, due})
}

// flush writes what was computed, and the book with it if keep is set.
func (l *Ledger) flush(ctx context.Context, keep bool) error {
	if len(l.rows)+len(l.asides) > 0 || keep {
		if err := l.db.Update(ctx, func(tx *sqlite.Tx) error { return l.write(tx, keep) }); err != nil {
			return fmt.Errorf("write ledger: %w", err)
		}
		l.rows, l.asides = l.rows[:0], l.asides[:0]
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.through != l.told {
		l.through = l.told
		close(l.moved)
		l.moved = make(chan struct{})
	}
	return nil
}

func (l *Ledger) write(tx *sqlite.Tx, keep bool) error {
	if err := tx.Each("INSERT OR REPLACE INTO entry VALUES (?,?,?)", func(exec func(...any) error) error {
		for i := range l.rows {
			doc, err := json.Marshal(&l.rows[i].tx)
			if err == nil {
				err = exec(l.rows[i].seq, string(l.rows[i].tx.Tenant), string(doc))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := tx.Each("INSERT OR IGNORE INTO touch VALUES (?,?)", func(exec func(...any) error) error {
		for i := range l.rows {
			for _, a := range l.rows[i].tx.Touches() {
				if err := exec(string(a), l.rows[i].seq); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for _, a := range l.asides {
		if err := tx.Exec("INSERT OR REPLACE INTO aside VALUES (?,?,?,?,?)", a.Record, a.Event, string(a.Code), a.Reason, a.due); err != nil {
			return err
		}
	}
	if !keep {
		return nil
	}
	snapshot, err := l.book.Snapshot()
	if err != nil {
		return err
	}
	l.kept = l.told
	return tx.Exec("UPDATE position SET through = ?, begin = ?, seq = ?, book = ?", int64(l.told), int64(l.teller.Begin(l.told)), l.seq, snapshot)
}
