package billing

import (
	"fmt"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// Flaw says what is wrong with a ledger.
type Flaw string

// The flaws that Audit finds.
const (
	Unbalanced Flaw = "unbalanced" // postings do not sum to zero
	Duplicate  Flaw = "duplicate"  // a transaction twice, or a unit charged twice
	Orphan     Flaw = "orphan"     // its event, or what it reverses, is not there
	Missing    Flaw = "missing"    // the events call for it, the ledger has it not
	Altered    Flaw = "altered"    // it is not what its event gives
	Negative   Flaw = "negative"   // a wallet without overdraft goes below zero
)

// Finding is one flaw of a ledger.
type Finding struct {
	Flaw        Flaw   `json:"flaw"`
	Transaction string `json:"transaction"`
	Detail      string `json:"detail"`
}

// Audit checks a ledger, transaction by transaction in its order. With a
// reference, the ledger that the events give, it also finds what is missing or
// altered.
type Audit struct {
	reference map[string]Transaction
	seen      map[string]Transaction
	charged   map[string]string // unit → transaction that charges it now
	balance   map[contracts.TenantID]Amount
	overdraft map[contracts.TenantID]bool
	findings  []Finding
}

// NewAudit returns an audit. reference may be nil; overdraft names tenants whose
// balance may go below zero.
func NewAudit(reference []Transaction, overdraft map[contracts.TenantID]bool) *Audit {
	a := &Audit{
		seen: map[string]Transaction{}, charged: map[string]string{},
		balance: map[contracts.TenantID]Amount{}, overdraft: overdraft,
	}
	if reference != nil {
		a.reference = make(map[string]Transaction, len(reference))
		for _, t := range reference {
			a.reference[t.ID] = t
		}
	}
	return a
}

func (a *Audit) find(f Flaw, t *Transaction, format string, args ...any) {
	a.findings = append(a.findings, Finding{f, t.ID, fmt.Sprintf(format, args...)})
}

// Take checks the next transaction of the ledger.
func (a *Audit) Take(t Transaction) {
	if sum := t.Sum(); sum != 0 {
		a.find(Unbalanced, &t, "postings sum to %s", sum)
	}
	if _, again := a.seen[t.ID]; again {
		a.find(Duplicate, &t, "transaction stands in the ledger twice")
		return
	}
	a.seen[t.ID] = t
	a.unit(&t)
	a.wallets(&t)
	if a.reference == nil {
		return
	}
	want, ok := a.reference[t.ID]
	switch {
	case !ok:
		a.find(Orphan, &t, "no event gives this transaction")
	case !same(&want, &t):
		a.find(Altered, &t, "event %s gives %v, the ledger says %v", t.Event, want.Postings, t.Postings)
	}
}

// unit follows which transaction charges a unit.
func (a *Audit) unit(t *Transaction) {
	unit := strings.Join([]string{string(t.Tenant), string(t.Session), string(t.Unit)}, "\x00")
	switch t.Kind {
	case Charge:
		if by, ok := a.charged[unit]; ok {
			a.find(Duplicate, t, "unit %s of session %s is charged already by %s", t.Unit, t.Session, by)
		}
		a.charged[unit] = t.ID
	case Reversal:
		if a.charged[unit] != t.Reverses || t.Reverses == "" {
			a.find(Orphan, t, "reverses %s, which is not the charge of unit %s", t.Reverses, t.Unit)
		}
		delete(a.charged, unit)
	}
}

func (a *Audit) wallets(t *Transaction) {
	for _, p := range t.Postings {
		name, ok := strings.CutPrefix(string(p.Account), "tenant/")
		if !ok {
			continue
		}
		tenant := contracts.TenantID(name)
		a.balance[tenant] += p.Amount
		if a.balance[tenant] < 0 && !a.overdraft[tenant] {
			a.find(Negative, t, "leaves %s with %s", tenant, a.balance[tenant])
		}
	}
}

// Findings ends the audit and returns all that was found, in the ledger's order,
// what is missing last.
func (a *Audit) Findings() []Finding {
	for _, id := range sortedKeys(a.reference) {
		if _, ok := a.seen[id]; !ok {
			t := a.reference[id]
			a.find(Missing, &t, "event %s gives a %s that is not in the ledger", t.Event, t.Kind)
		}
	}
	a.reference = nil
	return a.findings
}

func same(a, b *Transaction) bool {
	x, y := *a, *b
	x.Tokens, y.Tokens = nil, nil
	if (a.Tokens == nil) != (b.Tokens == nil) || a.Tokens != nil && *a.Tokens != *b.Tokens || len(x.Postings) != len(y.Postings) {
		return false
	}
	for i := range x.Postings {
		if x.Postings[i] != y.Postings[i] {
			return false
		}
	}
	return x.ID == y.ID && x.Kind == y.Kind && x.At.Equal(y.At.Time) && x.Event == y.Event && x.Tenant == y.Tenant && x.Session == y.Session &&
		x.Unit == y.Unit && x.Node == y.Node && x.Result == y.Result && x.Batch == y.Batch && x.Plan == y.Plan && x.Fuel == y.Fuel && x.Reverses == y.Reverses
}
