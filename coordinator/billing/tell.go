package billing

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"path"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
)

// sourcePrefix begins the source of every event that a book's transactions are told
// as. No book reads those: they say what came of other events, and a book that is fed
// with all that was told must come to the same as one that is fed with the log.
const sourcePrefix = "/krako/billing/"

func derived(e *contracts.Event) bool { return strings.HasPrefix(e.Source, sourcePrefix) }

// Tell returns the events that tell what a book made of an event: of its transactions,
// or that it was put aside. They have the event's time and session, and ids that follow
// from its own, so that telling the same log again gives them again. What the event
// itself says already, a grant or a reservation, is not told once more.
func Tell(e *contracts.Event, ts []Transaction, bad *Anomaly) []contracts.Event {
	var list []contracts.Event
	if bad != nil {
		return append(list, consequence(e, contracts.EventQuarantined, bad.Event, contracts.Quarantined{
			Event: bad.Event, EventType: e.Type, Code: bad.Code, Reason: bad.Reason,
		}))
	}
	for i := range ts {
		t := &ts[i]
		say := func(kind contracts.EventType, data any) {
			c := consequence(e, kind, t.ID, data)
			c.Subject = string(t.Unit)
			list = append(list, c)
		}
		switch t.Kind {
		case Charge:
			u := contracts.UsageRecorded{
				Transaction: t.ID, Prices: t.Plan, Node: t.Node, Fuel: t.Fuel, ResultCID: t.Result, BatchCID: t.Batch, Earned: Amount(0).String(),
			}
			if t.Tokens != nil {
				u.Tier, u.TokensIn, u.TokensOut = t.Tokens.Tier, t.Tokens.In, t.Tokens.Out
			}
			for _, p := range t.Postings {
				if operator, ok := p.Account.Operator(); ok {
					u.Operator, u.Earned = operator, p.Amount.String()
				}
			}
			say(contracts.EventUsageRecorded, u)
			say(contracts.EventCreditsDebited, contracts.CreditsMoved{Amount: (-t.tenants()).String(), Transaction: t.ID})
		case Reversal:
			say(contracts.EventEntryReversed, contracts.EntryReversed{Transaction: t.ID, Reverses: t.Reverses, Node: t.Node, Amount: t.tenants().String()})
		case Release:
			if e.Type == contracts.EventCreditsReleased {
				continue
			}
			back := Amount(0)
			for _, p := range t.Postings {
				back = max(back, p.Amount)
			}
			say(contracts.EventCreditsReleased, contracts.CreditsMoved{Amount: back.String(), Transaction: t.ID, Reason: string(e.Type)})
		}
	}
	return list
}

// TellRecord is the event that tells that a record of the log could not be read, so
// that no event of it could be put aside. source is that of the log's own events, at
// the time of the last one before it.
func TellRecord(record int64, source string, at contracts.Time, code contracts.Code, reason string) contracts.Event {
	cause := contracts.Event{SpecVersion: "1.0", Source: source, Time: at, ID: strconv.FormatInt(record, 10)}
	return consequence(&cause, contracts.EventQuarantined, source, contracts.Quarantined{Record: record, Code: code, Reason: reason})
}

// tenants is what a transaction moves to the tenant, what is reserved of it included.
func (t *Transaction) tenants() (sum Amount) {
	for _, p := range t.Postings {
		if p.Account == walletOf(t.Tenant) || p.Account == reservedOf(t.Tenant) {
			sum += p.Amount
		}
	}
	return sum
}

// consequence is an event that follows from e. about tells it from others of its type.
func consequence(e *contracts.Event, kind contracts.EventType, about string, data any) contracts.Event {
	doc, err := json.Marshal(data)
	if err != nil {
		panic(err) // strings and numbers
	}
	c := *e
	c.Source, c.Type, c.Data = sourcePrefix+path.Base(e.Source), kind, doc
	c.DataContentType, c.DataSchema = "application/json", contracts.DataSchemaOf(kind)
	h := sha256.Sum256([]byte(string(kind) + "\x00" + e.ID + "\x00" + about))
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(max(0, e.Time.UnixMilli()))<<16)
	copy(id[6:], h[:])
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	c.ID = id.String()
	return c
}
