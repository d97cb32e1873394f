package ledger

import (
	"context"
	"encoding/json"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/billing"
	"github.com/krako-labs/krako/coordinator/eventlog"
)

// patience is how long a question waits for the ledger to have read what was
// durable when it was asked.
const patience = 3 * time.Second

// Await returns when the ledger has read up to a record, or with what it has read
// when that takes too long.
func (l *Ledger) Await(ctx context.Context, at eventlog.Offset) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		l.mu.Lock()
		through, moved := l.through, l.moved
		l.mu.Unlock()
		if through >= at {
			return
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return
		}
	}
}

// Through is the last record that the ledger has read.
func (l *Ledger) Through() eventlog.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.through
}

// Page returns up to limit transactions behind the given one that touch an account,
// or all where that is "", oldest first.
func (l *Ledger) Page(ctx context.Context, account billing.Account, after int64, limit int) (contracts.LedgerPage, error) {
	page := contracts.LedgerPage{Entries: []contracts.LedgerEntry{}}
	query, args := "SELECT seq, doc FROM entry WHERE seq > ? ORDER BY seq LIMIT ?", []any{after, limit + 1}
	if account != "" {
		query, args = "SELECT seq, doc FROM touch JOIN entry USING (seq) WHERE account = ? AND seq > ? ORDER BY seq LIMIT ?", []any{string(account), after, limit + 1}
	}
	last := int64(0)
	err := l.db.Query(ctx, func(scan func(...any) error) error {
		var (
			seq int64
			doc string
			e   contracts.LedgerEntry
		)
		if err := scan(&seq, &doc); err != nil {
			return err
		}
		if len(page.Entries) == limit {
			page.Next = last
			return nil
		}
		if err := json.Unmarshal([]byte(doc), &e); err != nil {
			return contracts.Errorf(contracts.CodeInternal, "ledger", "entry %d: %w", seq, err)
		}
		last, page.Entries = seq, append(page.Entries, e)
		return nil
	}, query, args...)
	page.Last = last
	return page, err
}

// Statement sums up an account over [from, to).
func (l *Ledger) Statement(ctx context.Context, account billing.Account, from, to time.Time) (contracts.Statement, error) {
	s := billing.NewStatement(account, from, to)
	err := l.db.Query(ctx, func(scan func(...any) error) error {
		var (
			doc string
			t   billing.Transaction
		)
		if err := scan(&doc); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(doc), &t); err != nil {
			return contracts.Errorf(contracts.CodeInternal, "ledger", "entry: %w", err)
		}
		s.Take(&t)
		return nil
	}, "SELECT doc FROM touch JOIN entry USING (seq) WHERE account = ? ORDER BY seq", string(account))
	out := contracts.Statement{
		Account: string(s.Account), From: s.From, To: s.To, Opening: s.Opening.String(), Closing: s.Closing.String(), ByKind: map[string]contracts.StatementLine{},
	}
	for k, line := range s.ByKind {
		out.ByKind[string(k)] = contracts.StatementLine{
			Count: line.Count, Amount: line.Amount.String(), Fuel: line.Fuel, TokensIn: line.TokensIn, TokensOut: line.TokensOut,
		}
	}
	return out, err
}

// maxAside bounds the list of events that were put aside.
const maxAside = 1000

// PutAside lists the events that could not be taken in, oldest first.
func (l *Ledger) PutAside(ctx context.Context) (contracts.PutAsideList, error) {
	list := contracts.PutAsideList{Events: []contracts.PutAside{}}
	err := l.db.Query(ctx, func(scan func(...any) error) error {
		var a contracts.PutAside
		if err := scan(&a.Record, &a.Event, &a.Code, &a.Reason); err != nil {
			return err
		}
		list.Events = append(list.Events, a)
		return nil
	}, "SELECT record, event, code, reason FROM aside ORDER BY record, event LIMIT ?", maxAside)
	return list, err
}
