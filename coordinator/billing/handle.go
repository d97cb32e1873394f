package billing

import (
	"bytes"
	"cmp"
	"encoding/json"

	"github.com/krako-labs/krako/contracts"
)

// handlers are what the book reads of the log; everything else costs nothing.
// Each looks at everything before it moves anything.
var handlers = map[contracts.EventType]func(*Book, *contracts.Event) error{
	contracts.EventPricesChanged:    (*Book).pricesChanged,
	contracts.EventCreditsGranted:   (*Book).granted,
	contracts.EventCreditsReserved:  (*Book).reserved,
	contracts.EventCreditsReleased:  (*Book).released,
	contracts.EventAccountSuspended: (*Book).suspended,
	contracts.EventNodeRegistered:   (*Book).registered,
	contracts.EventNodeApproved:     (*Book).registered,
	contracts.EventPodReady:         (*Book).registered,
	contracts.EventNodeKeyRotated:   (*Book).rotated,
	contracts.EventLLMCompleted:     (*Book).called,
	contracts.EventSessionStarted:   (*Book).begun,
	contracts.EventUnitCompleted:    (*Book).completed,
	contracts.EventUnitCached:       (*Book).cached,
	contracts.EventUnitFailed:       (*Book).notCharged,
	contracts.EventUnitTimeout:      (*Book).notCharged,
	contracts.EventUnitCancelled:    (*Book).notCharged,
	contracts.EventUnitSuperseded:   (*Book).superseded,
	contracts.EventSessionCompleted: (*Book).ended,
	contracts.EventSessionFailed:    (*Book).ended,
	contracts.EventSessionCancelled: (*Book).ended,
}

func data[T any](e *contracts.Event) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(e.Data, v); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, e.ID, "data of %s: %w", e.Type, err)
	}
	return v, nil
}

// once reports whether an event that counts once is new.
func (b *Book) once(e *contracts.Event) bool {
	if b.state.Once[e.ID] {
		return false
	}
	b.state.Once[e.ID] = true
	return true
}

// once is the same for an event of a session's credit. A closed session needs no such
// memory: nothing is reserved for it.
func (s *sessionBook) once(e *contracts.Event) bool {
	if s.Once[e.ID] {
		return false
	}
	if s.Once == nil {
		s.Once = map[string]bool{}
	}
	s.Once[e.ID] = true
	return true
}

func (b *Book) pricesChanged(e *contracts.Event) error {
	d, err := data[contracts.PricesChanged](e)
	if err != nil {
		return err
	}
	p, err := ReadPlan(bytes.NewReader(d.Plan))
	if err != nil {
		return err
	}
	if p.Version != d.Version {
		return contracts.Errorf(contracts.CodeValidation, d.Version, "the plan calls itself %s", p.Version)
	}
	if !b.once(e) {
		return nil
	}
	if _, ok := b.state.Plans[p.Version]; ok {
		return contracts.Errorf(contracts.CodeConflict, p.Version, "a price plan of this version was in force before")
	}
	b.state.Plan, b.state.Plans[p.Version] = &p, &p
	return nil
}

// begun notes which prices a session was accepted at.
func (b *Book) begun(e *contracts.Event) error {
	d, err := data[contracts.SessionStarted](e)
	if err != nil {
		return err
	}
	if s := b.session(e); s != nil && !s.Begun {
		s.Begun, s.Prices = true, d.Prices
	}
	return nil
}

func (b *Book) granted(e *contracts.Event) error {
	d, err := data[contracts.CreditsMoved](e)
	if err != nil {
		return err
	}
	a, err := positive(d.Amount)
	if err != nil {
		return err
	}
	if e.TenantID == "" {
		return contracts.Errorf(contracts.CodeValidation, e.ID, "grant names no tenant")
	}
	if !b.once(e) {
		return nil
	}
	w := b.wallet(e.TenantID)
	w.Granted += a
	w.Overdraft = w.Overdraft || d.Overdraft
	return b.post(transaction(e, Grant, Posting{issuedAccount, -a}, Posting{walletOf(e.TenantID), a}))
}

func positive(s string) (Amount, error) {
	a, err := ParseAmount(s)
	if err == nil && a <= 0 {
		err = contracts.Errorf(contracts.CodeValidation, s, "amount is not positive")
	}
	return a, err
}

// reserved sets credit aside for a unit. A second reservation of a unit replaces
// the first.
func (b *Book) reserved(e *contracts.Event) error {
	d, err := data[contracts.CreditsMoved](e)
	if err != nil {
		return err
	}
	a, err := positive(d.Amount)
	if err != nil {
		return err
	}
	s := b.session(e)
	if s == nil || s.Closed || !s.once(e) {
		return nil
	}
	w := b.wallet(e.TenantID)
	held := s.Held[contracts.UnitID(e.Subject)]
	if !w.Overdraft && w.Balance+held < a {
		return contracts.Errorf(contracts.CodeBudgetExceeded, string(e.TenantID), "reserves %s of %s", a, w.Balance+held)
	}
	if s.Held == nil {
		s.Held = map[contracts.UnitID]Amount{}
	}
	s.Held[contracts.UnitID(e.Subject)] = a
	return b.post(transaction(e, Reserve, Posting{walletOf(e.TenantID), held - a}, Posting{reservedOf(e.TenantID), a - held}))
}

func (b *Book) released(e *contracts.Event) error {
	if s := b.session(e); s != nil && !s.Closed && s.once(e) {
		return b.letGo(e, s, contracts.UnitID(e.Subject))
	}
	return nil
}

// letGo gives back what is reserved for a unit.
func (b *Book) letGo(e *contracts.Event, s *sessionBook, u contracts.UnitID) error {
	held := s.Held[u]
	if held == 0 {
		return nil
	}
	delete(s.Held, u)
	t := transaction(e, Release, Posting{reservedOf(s.Tenant), -held}, Posting{walletOf(s.Tenant), held})
	t.Unit = u
	if contracts.UnitID(e.Subject) != u {
		t.ID = transactionID(e.ID+"/"+string(u), Release)
	}
	return b.post(t)
}

func (b *Book) suspended(e *contracts.Event) error {
	d, err := data[contracts.AccountSuspended](e)
	if err != nil {
		return err
	}
	if b.once(e) {
		b.wallet(e.TenantID).Suspended = d.Suspended
	}
	return nil
}

// rotated has a node earn under its new key what it earned under the old one.
func (b *Book) rotated(e *contracts.Event) error {
	d, err := data[contracts.NodeInfo](e)
	if err != nil {
		return err
	}
	if d.Replaces == "" {
		return contracts.Errorf(contracts.CodeValidation, e.ID, "a key was replaced, and the event does not say which")
	}
	was := b.state.Nodes[d.Replaces]
	b.state.Nodes[d.Node] = owner{cmp.Or(was.Operator, "node:"+string(d.Replaces)), was.Class}
	return nil
}

func (b *Book) registered(e *contracts.Event) error {
	d, err := data[contracts.NodeInfo](e)
	if err != nil {
		return err
	}
	if d.Operator != "" || d.Class != "" {
		was := b.state.Nodes[d.Node]
		b.state.Nodes[d.Node] = owner{cmp.Or(d.Operator, was.Operator), cmp.Or(d.Class, was.Class)}
	}
	return nil
}

// called notes what a model call used. It is charged when its unit succeeds.
func (b *Book) called(e *contracts.Event) error {
	d, err := data[contracts.LLMEnded](e)
	if err != nil {
		return err
	}
	s := b.session(e)
	if s == nil || s.Closed {
		return nil
	}
	if s.Calls == nil {
		s.Calls = map[contracts.UnitID]contracts.LLMEnded{}
	}
	s.Calls[contracts.UnitID(e.Subject)] = *d
	return nil
}

// notCharged ends a unit without a charge: what was reserved goes back.
func (b *Book) notCharged(e *contracts.Event) error {
	s := b.session(e)
	if s == nil {
		return nil
	}
	delete(s.Calls, contracts.UnitID(e.Subject))
	return b.letGo(e, s, contracts.UnitID(e.Subject))
}

// ended closes a session: nothing stays reserved for it.
func (b *Book) ended(e *contracts.Event) error {
	s := b.session(e)
	if s == nil || s.Closed {
		return nil
	}
	for _, u := range sortedKeys(s.Held) {
		if err := b.letGo(e, s, u); err != nil {
			return err
		}
	}
	s.Closed, s.Held, s.Calls, s.Once = true, nil, nil, nil
	b.state.Ended = append(b.state.Ended, e.SessionID)
	b.state.Kept += len(s.Charges)
	b.forget()
	return nil
}

// forget drops the oldest closed sessions beyond the bound.
func (b *Book) forget() {
	st := &b.state
	for st.Kept > maxKept || len(st.Ended) > maxKept {
		id := st.Ended[0]
		st.Ended = st.Ended[1:]
		st.Kept -= len(st.Sessions[id].Charges)
		delete(st.Sessions, id)
		st.Floor = max(st.Floor, id)
	}
}
