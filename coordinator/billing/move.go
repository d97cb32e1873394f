package billing

import (
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// move adds a posting to its account.
func (b *Book) move(p Posting) error {
	add := func(to *Amount) error {
		sum, ok := to.plus(p.Amount)
		if !ok {
			return contracts.Errorf(contracts.CodeResourceExhausted, string(p.Account), "account cannot hold more than %s", maxAmount)
		}
		*to = sum
		return nil
	}
	owner, name, _ := strings.Cut(string(p.Account), "/")
	switch owner {
	case "tenant":
		return add(&b.wallet(contracts.TenantID(name)).Balance)
	case "reserved":
		return add(&b.wallet(contracts.TenantID(name)).Reserved)
	case "operator":
		sum := b.state.Earned[name]
		err := add(&sum)
		b.state.Earned[name] = sum
		return err
	case string(protocolAccount):
		return add(&b.state.Protocol)
	}
	return add(&b.state.Issued)
}

// transaction fills in what every transaction of an event has.
func transaction(e *contracts.Event, k Kind, postings ...Posting) Transaction {
	return Transaction{
		ID: transactionID(e.ID, k), Kind: k, At: e.Time, Event: e.ID,
		Tenant: e.TenantID, Session: e.SessionID, Unit: contracts.UnitID(e.Subject), Postings: postings,
	}
}
