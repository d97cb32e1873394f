package billing

import (
	"strings"
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
	also     []Account
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

// NewStatement returns an empty statement over [from, to) of a tenant's wallet, an
// operator's account, or of what a node has earned; also are further accounts that
// count to it, a node's former names.
func NewStatement(a Account, from, to time.Time, also ...Account) *Statement {
	return &Statement{also: also, Account: a, From: contracts.Time{Time: from}, To: contracts.Time{Time: to}, ByKind: map[Kind]Line{}}
}

// TenantAccount and OperatorAccount name whose statement is wanted.
func TenantAccount(t contracts.TenantID) Account { return walletOf(t) }

// OperatorAccount names an operator's account or, for node:<id>, what one node has
// earned, whoever answers for it.
func OperatorAccount(operator string) Account {
	if id, ok := strings.CutPrefix(operator, "node:"); ok {
		return NodeAccount(contracts.NodeID(id))
	}
	return earnedBy(operator)
}

// NodeAccount names what a node or pod has earned. It is no account of the ledger:
// the postings to operators in transactions about the node are it.
func NodeAccount(n contracts.NodeID) Account { return Account("node/" + string(n)) }

// Touches lists the accounts that a transaction changes, and the node whose earnings
// it does.
func (t *Transaction) Touches() []Account {
	var list []Account
	earned := false
	for _, p := range t.Postings {
		list = append(list, p.Account)
		_, operator := p.Account.Operator()
		earned = earned || operator
	}
	if earned && t.Node != "" {
		list = append(list, NodeAccount(t.Node))
	}
	return list
}

// moved is what a transaction moves into an account, and whether it touches it.
func (t *Transaction) moved(a Account) (sum Amount, touched bool) {
	node, ofNode := strings.CutPrefix(string(a), "node/")
	for _, p := range t.Postings {
		_, operator := p.Account.Operator()
		if ofNode && operator && string(t.Node) == node || p.Account == a {
			sum, touched = sum+p.Amount, true
		}
	}
	return sum, touched
}

// Take adds the next transaction of the ledger.
func (s *Statement) Take(t *Transaction) {
	moved, touched := t.moved(s.Account)
	for _, a := range s.also {
		if m, ok := t.moved(a); ok {
			moved, touched = moved+m, true
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
