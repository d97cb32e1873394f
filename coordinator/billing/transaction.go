package billing

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// Account names a place where money is. The first part says whose it is.
type Account string

// The accounts. Tenants' wallets and what is reserved of them, what operators of
// nodes and pods have earned, the protocol's part, and the source of all credit.
const (
	protocolAccount Account = "protocol"
	issuedAccount   Account = "issued"
)

func walletOf(t contracts.TenantID) Account   { return Account("tenant/" + string(t)) }
func reservedOf(t contracts.TenantID) Account { return Account("reserved/" + string(t)) }
func earnedBy(operator string) Account        { return Account("operator/" + operator) }

// Operator returns whose account a is, if it is an operator's.
func (a Account) Operator() (string, bool) { return strings.CutPrefix(string(a), "operator/") }

// Kind says what a transaction is for.
type Kind string

// The kinds of transactions.
const (
	Grant    Kind = "grant"
	Reserve  Kind = "reserve"
	Release  Kind = "release"
	Charge   Kind = "charge"
	Reversal Kind = "reversal"
)

// Posting moves an amount into an account, or out of it where it is negative.
type Posting struct {
	Account Account `json:"account"`
	Amount  Amount  `json:"amount"`
}

// Transaction is one entry of the ledger. Its postings sum to zero. ID is derived
// from the event and the kind, so that every replay gives it again; Reverses is
// the ID of the transaction that a reversal takes back.
type Transaction struct {
	ID       string              `json:"id"`
	Kind     Kind                `json:"kind"`
	At       contracts.Time      `json:"at"`
	Event    string              `json:"event"`
	Tenant   contracts.TenantID  `json:"tenant"`
	Session  contracts.SessionID `json:"session,omitempty"`
	Unit     contracts.UnitID    `json:"unit,omitempty"`
	Node     contracts.NodeID    `json:"node,omitempty"`
	Result   string              `json:"result_cid,omitempty"`
	Batch    string              `json:"batch_cid,omitempty"`
	Plan     string              `json:"plan,omitempty"`
	Fuel     uint64              `json:"fuel,omitempty"`
	Tokens   *Tokens             `json:"tokens,omitempty"`
	Reverses string              `json:"reverses,omitempty"`
	Postings []Posting           `json:"postings"`
}

// Tokens are what a model call used.
type Tokens struct {
	Tier contracts.ModelTier `json:"tier"`
	In   int64               `json:"in"`
	Out  int64               `json:"out"`
}

// Sum is the sum of the postings: zero, or the ledger is broken.
func (t *Transaction) Sum() Amount {
	var sum Amount
	for _, p := range t.Postings {
		sum += p.Amount
	}
	return sum
}

func transactionID(event string, k Kind) string {
	h := sha256.Sum256([]byte(string(k) + "\x00" + event))
	return hex.EncodeToString(h[:16])
}

// Anomaly is something that the book could not take in. It is put aside by name;
// the fold goes on.
type Anomaly struct {
	Event  string         `json:"event"`
	Code   contracts.Code `json:"code"`
	Reason string         `json:"reason"`
}
