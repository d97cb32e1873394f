package coordinator

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/billing"
	"github.com/krako-labs/krako/coordinator/credit"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/ledger"
)

// errNoLedger is what a coordinator without a ledger answers.
var errNoLedger = contracts.Errorf(contracts.CodeUnsupported, "ledger", "this coordinator keeps no ledger")

// accounts returns whose account is asked for, and if by may see it: a tenant's by
// the tenant, an operator's by whoever may see nodes. What a node has earned it has
// earned under all its keys.
func (c *Coordinator) accounts(by access.Caller, t contracts.TenantID, operator string) ([]billing.Account, error) {
	switch {
	case t != "" && operator != "":
		return nil, contracts.Errorf(contracts.CodeValidation, "operator", "name a tenant or an operator, not both")
	case operator != "":
		id, ok := strings.CutPrefix(operator, "node:")
		if !ok {
			return []billing.Account{billing.OperatorAccount(operator)}, by.Must(contracts.ScopeNodes)
		}
		var list []billing.Account
		for _, n := range c.book.Load().Names(contracts.NodeID(id)) {
			list = append(list, billing.NodeAccount(n))
		}
		return list, by.Must(contracts.ScopeNodes)
	case t == "" && by.Sees(contracts.EveryTenant):
		return nil, nil
	case t == "":
		t = by.Tenant
	}
	if err := by.Must(contracts.ScopeRead); err != nil {
		return nil, err
	}
	if !by.Sees(t) || !t.Valid() {
		return nil, contracts.Errorf(contracts.CodeNotFound, string(t), "no such tenant")
	}
	return []billing.Account{billing.TenantAccount(t)}, nil
}

// Ledger returns a page of the transactions of a tenant or an operator, or of
// everybody where an operator's key names neither. It has read what was durable
// when it was asked, unless it is far behind.
func (c *Coordinator) Ledger(ctx context.Context, by access.Caller, t contracts.TenantID, operator string, after int64, limit int) (contracts.LedgerPage, error) {
	list, err := c.accounts(by, t, operator)
	if err != nil {
		return contracts.LedgerPage{}, err
	}
	l := c.parts.Ledger
	if l == nil {
		return contracts.LedgerPage{}, errNoLedger
	}
	l.Await(ctx, c.parts.Log.Last())
	return l.Page(ctx, list, after, limit)
}

// Statement sums up the account of a tenant or an operator over [from, to).
func (c *Coordinator) Statement(ctx context.Context, by access.Caller, t contracts.TenantID, operator string, from, to time.Time) (contracts.Statement, error) {
	list, err := c.accounts(by, t, operator)
	if err == nil && len(list) == 0 {
		err = contracts.Errorf(contracts.CodeValidation, "tenant", "name a tenant or an operator")
	}
	if err != nil {
		return contracts.Statement{}, err
	}
	l := c.parts.Ledger
	if l == nil {
		return contracts.Statement{}, errNoLedger
	}
	l.Await(ctx, c.parts.Log.Last())
	return l.Statement(ctx, list, from, to)
}

// PutAside lists the events that accounting could not take in.
func (c *Coordinator) PutAside(ctx context.Context, by access.Caller) (contracts.PutAsideList, error) {
	if err := credit.Operates(by); err != nil {
		return contracts.PutAsideList{}, err
	}
	if c.parts.Ledger == nil {
		return contracts.PutAsideList{}, errNoLedger
	}
	c.parts.Ledger.Await(ctx, c.parts.Log.Last())
	return c.parts.Ledger.PutAside(ctx)
}

// Follow calls fn with every event from now on, of all sessions and beside them, until
// ctx ends or fn fails. It is for operators. Sessions that run already are folded
// silently first, so that none of their events is missed; only what is durable is told.
func (c *Coordinator) Follow(ctx context.Context, by access.Caller, fn func(contracts.Event) error) error {
	if err := credit.Operates(by); err != nil {
		return err
	}
	var failure error
	t := c.teller(fn, &failure)
	t.Late = true
	known := eventlog.Offset(1)
	if l := c.parts.Ledger; l != nil {
		var err error
		if known, err = l.Resume(ctx, t); err != nil {
			return err
		}
	}
	t.Quiet = c.parts.Log.Last()
	next, err := c.oldestOpen(ctx, t.Quiet+1)
	if err != nil {
		return err
	}
	next = min(next, known)
	for {
		err := c.parts.Log.Read(ctx, next, func(rec eventlog.Record) error {
			next = rec.Offset + 1
			return errors.Join(t.Take(ctx, rec), failure)
		})
		gone, trimmed := errors.AsType[*eventlog.TrimmedError](err)
		switch {
		case failure != nil:
			return failure
		case trimmed && next <= t.Quiet: // nothing is let go that accounts need
			next = gone.First
			continue
		case err != nil:
			return err
		}
		if err := c.parts.Log.Wait(ctx, next); err != nil {
			return err
		}
	}
}

// teller tells the log and what it comes to in the accounts to fn, until that fails.
func (c *Coordinator) teller(fn func(contracts.Event) error, failure *error) *ledger.Teller {
	return ledger.NewTeller(c.parts.Log, c.parts.Blocks, nil, func(e contracts.Event) {
		if *failure == nil {
			*failure = fn(e)
		}
	})
}

// oldestOpen is where the oldest session begins that has not ended, or otherwise.
func (c *Coordinator) oldestOpen(ctx context.Context, otherwise eventlog.Offset) (eventlog.Offset, error) {
	var open []contracts.SessionID
	if err := c.do(ctx, func(st *state) { open = slices.Collect(maps.Keys(st.sessions)) }); err != nil {
		return 0, err
	}
	first := otherwise
	for _, id := range open {
		at, err := c.whereabouts(ctx, id)
		if contracts.CodeOf(err) == contracts.CodeNotFound {
			continue
		}
		if err != nil {
			return 0, err
		}
		first = min(first, at.first)
	}
	return first, nil
}

// Export calls fn with every event of the log as it is now, of all sessions and
// beside them, oldest first; of a log that has let records go, of the sessions that
// began behind those. It is for operators.
func (c *Coordinator) Export(ctx context.Context, by access.Caller, fn func(contracts.Event) error) error {
	if err := credit.Operates(by); err != nil {
		return err
	}
	var failure error
	t := c.teller(fn, &failure)
	err := c.parts.Log.Read(ctx, 0, func(rec eventlog.Record) error {
		return errors.Join(t.Take(ctx, rec), failure)
	})
	if failure != nil {
		return failure
	}
	return err
}
