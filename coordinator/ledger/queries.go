package ledger

import (
	"context"
	"encoding/json"
	"strings"
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

// Page returns up to limit transactions behind the given one that touch one of the
// accounts, or all where there is none, oldest first.
func (l *Ledger) Page(ctx context.Context, accounts []billing.Account, after int64, limit int) (contracts.LedgerPage, error) {
	page := contracts.LedgerPage{Entries: []contracts.LedgerEntry{}}
	query, args := "SELECT seq, doc FROM entry WHERE seq > ? ORDER BY seq LIMIT ?", []any{after, limit + 1}
	if len(accounts) > 0 {
		query, args = ofAccounts("SELECT DISTINCT seq, doc", accounts)
		query, args = query+" AND seq > ? ORDER BY seq LIMIT ?", append(args, after, limit+1)
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

func ofAccounts(what string, accounts []billing.Account) (query string, args []any) {
	for _, a := range accounts {
		args = append(args, string(a))
	}
	return what + " FROM touch JOIN entry USING (seq) WHERE account IN (?" + strings.Repeat(", ?", len(accounts)-1) + ")", args
}

// Statement sums up an account, of which there may be more parts than one, over
// [from, to).
func (l *Ledger) Statement(ctx context.Context, accounts []billing.Account, from, to time.Time) (contracts.Statement, error) {
	s := billing.NewStatement(accounts[0], from, to, accounts[1:]...)
	query, args := ofAccounts("SELECT DISTINCT seq, doc", accounts)
	err := l.db.Query(ctx, func(scan func(...any) error) error {
		var (
			seq int64
			doc string
			t   billing.Transaction
		)
		if err := scan(&seq, &doc); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(doc), &t); err != nil {
			return contracts.Errorf(contracts.CodeInternal, "ledger", "entry: %w", err)
		}
		s.Take(&t)
		return nil
	}, query+" ORDER BY seq", args...)
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
