package billing

import (
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Statement is what happened to one tenant's or operator's money in a period.
type Statement struct {
	Account  Account        `json:"account"`
	From     contracts.Time `json:"from"`
	To       contracts.Time `json:"to"`
	Opening  Amount         `json:"opening"`
	Closing  Amount         `json:"closing"`
	ByKind   map[Kind]Line  `json:"by_kind"`
	Currency string         `json:"currency,omitempty"`
}

// Line sums the transactions of one kind.
type Line struct {
	Count  int    `json:"count"`
	Amount Amount `json:"amount"`
	Fuel   uint64 `json:"fuel,omitempty"`
	// TokensIn and TokensOut are of model calls.
	TokensIn  int64 `json:"tokens_in,omitempty"`
	TokensOut int64 `json:"tokens_out,omitempty"`
}

// NewStatement returns an empty statement over [from, to) of a tenant's wallet,
// with what is reserved of it, or of an operator's account.
func NewStatement(a Account, from, to time.Time) *Statement {
	return &Statement{Account: a, From: contracts.Time{Time: from}, To: contracts.Time{Time: to}, ByKind: map[Kind]Line{}}
}

// TenantAccount and OperatorAccount name whose statement is wanted.
func TenantAccount(t contracts.TenantID) Account { return walletOf(t) }

// OperatorAccount names an operator's account.
func OperatorAccount(operator string) Account { return earnedBy(operator) }

// Take adds the next transaction of the ledger.
func (s *Statement) Take(t *Transaction) {
	var moved Amount
	touched := false
	for _, p := range t.Postings {
		if p.Account == s.Account {
			moved += p.Amount
			touched = true
		}
	}
	switch {
	case !touched || !t.At.Before(s.To.Time):
	case t.At.Before(s.From.Time):
		s.Opening += moved
		s.Closing += moved
	default:
		s.Closing += moved
		l := s.ByKind[t.Kind]
		l.Count++
		l.Amount += moved
		l.Fuel += t.Fuel
		if t.Tokens != nil {
			l.TokensIn += t.Tokens.In
			l.TokensOut += t.Tokens.Out
		}
		s.ByKind[t.Kind] = l
	}
}
