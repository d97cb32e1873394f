package billing

import (
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Wallet is a tenant's money.
type Wallet struct {
	// Balance may be reserved or spent, Reserved waits for a result.
	Balance  Amount `json:"balance"`
	Reserved Amount `json:"reserved"`
	Granted  Amount `json:"granted"`
	Spent    Amount `json:"spent"`
	// Overdraft lets the balance go below zero.
	Overdraft bool `json:"overdraft,omitempty"`
	Suspended bool `json:"suspended,omitempty"`
}

// Book is the fold. It is owned by one goroutine. Its fields are exported to
// nobody; Snapshot and Restore carry it over a restart.
type Book struct {
	state state
	// out gathers what one Apply gives.
	out []Transaction
}

// state is everything that a snapshot holds.
type state struct {
	// Plan is in force, Plans are all that ever were, by their versions. Assumed is
	// one that no event records.
	Plan     *Plan                                `json:"plan,omitempty"`
	Assumed  *Plan                                `json:"assumed,omitempty"`
	Plans    map[string]*Plan                     `json:"plans,omitempty"`
	Wallets  map[contracts.TenantID]*Wallet       `json:"wallets"`
	Earned   map[string]Amount                    `json:"earned"`
	Protocol Amount                               `json:"protocol"`
	Issued   Amount                               `json:"issued"`
	Nodes    map[contracts.NodeID]owner           `json:"nodes"`
	Sessions map[contracts.SessionID]*sessionBook `json:"sessions"`
	// Ended are closed sessions, oldest first; their charges stay until there are
	// more than maxKept of them, so that they can be reversed.
	Ended []contracts.SessionID `json:"ended"`
	Kept  int                   `json:"kept"`
	// Floor is the last session that was forgotten: what is told of it or of an
	// older one that is not open is a late duplicate.
	Floor contracts.SessionID `json:"floor,omitempty"`
	// Once holds the ids of events that count once and belong to no unit.
	Once map[string]bool `json:"once"`
	// Latest is the time of the latest event.
	Latest contracts.Time `json:"latest"`
}

// owner is who earns what a node or pod earns, and its class.
type owner struct {
	Operator string `json:"operator"`
	Class    string `json:"class,omitempty"`
}

type sessionBook struct {
	Tenant contracts.TenantID `json:"tenant"`
	// Begun is set when the session's beginning was told; Prices then names its plan
	// for good, "" for none.
	Begun   bool                                    `json:"begun,omitempty"`
	Prices  string                                  `json:"prices,omitempty"`
	Charges map[contracts.UnitID]charge             `json:"charges,omitempty"`
	Held    map[contracts.UnitID]Amount             `json:"held,omitempty"`
	Calls   map[contracts.UnitID]contracts.LLMEnded `json:"calls,omitempty"`
	Once    map[string]bool                         `json:"once,omitempty"`
	Closed  bool                                    `json:"closed,omitempty"`
}

// charge is what a unit cost and who got it.
type charge struct {
	ID       string `json:"id"`
	Total    Amount `json:"total"`
	Paid     Amount `json:"paid"`
	Earned   Amount `json:"earned"`
	Operator string `json:"operator"`
	Plan     *Plan  `json:"-"`
	Version  string `json:"plan"`
}

// maxKept bounds the charges of closed sessions that stay reversible.
const maxKept = 1_000_000

// maxSkew is how far an event may be ahead of the time at which it is read.
const maxSkew = 5 * time.Minute

// New returns an empty book without prices: until a plan comes into force
// nothing costs anything.
func New() *Book {
	return &Book{state: state{
		Wallets: map[contracts.TenantID]*Wallet{}, Earned: map[string]Amount{}, Nodes: map[contracts.NodeID]owner{},
		Sessions: map[contracts.SessionID]*sessionBook{}, Once: map[string]bool{}, Plans: map[string]*Plan{},
	}}
}

// Apply folds one event in and returns the transactions that follow, which the
// caller may read until the next call, or what was wrong with it. now is when
// the event was read from the log, the zero time where nobody knows.
func (b *Book) Apply(e *contracts.Event, now time.Time) ([]Transaction, *Anomaly) {
	b.out = b.out[:0]
	if err := b.apply(e, now); err != nil {
		return nil, &Anomaly{Event: e.ID, Code: contracts.CodeOf(err), Reason: err.Error()}
	}
	if e.Time.After(b.state.Latest.Time) {
		b.state.Latest = e.Time
	}
	return b.out, nil
}

func (b *Book) apply(e *contracts.Event, now time.Time) error {
	handle, ok := handlers[e.Type]
	if !ok || derived(e) {
		return nil
	}
	if err := e.Validate(); err != nil {
		return err
	}
	if !now.IsZero() && e.Time.Sub(now) > maxSkew {
		return contracts.Errorf(contracts.CodeValidation, e.ID, "event is of %s, which is yet to come", e.Time)
	}
	return handle(b, e)
}

// Wallet returns a tenant's wallet.
func (b *Book) Wallet(t contracts.TenantID) (Wallet, bool) {
	w, ok := b.state.Wallets[t]
	if !ok {
		return Wallet{}, false
	}
	return *w, true
}

// Earned returns what an operator has earned.
func (b *Book) Earned(operator string) Amount { return b.state.Earned[operator] }

// Plan returns the prices in force, nil if there are none.
func (b *Book) Plan() *Plan { return b.state.Plan }

func (b *Book) wallet(t contracts.TenantID) *Wallet {
	w := b.state.Wallets[t]
	if w == nil {
		w = &Wallet{}
		b.state.Wallets[t] = w
	}
	return w
}

// session returns the books of a session that is not forgotten, nil for one that
// is.
func (b *Book) session(e *contracts.Event) *sessionBook {
	s := b.state.Sessions[e.SessionID]
	if s == nil && e.SessionID > b.state.Floor {
		s = &sessionBook{Tenant: e.TenantID}
		b.state.Sessions[e.SessionID] = s
	}
	return s
}

// post adds a transaction and moves its money.
func (b *Book) post(t Transaction) error {
	if t.Sum() != 0 {
		return contracts.Errorf(contracts.CodeInternal, t.ID, "postings sum to %s, not zero", t.Sum())
	}
	for i, p := range t.Postings {
		if err := b.move(p); err != nil {
			for _, done := range t.Postings[:i] {
				_ = b.move(Posting{done.Account, -done.Amount}) // back to where it was, which is in range
			}
			return err
		}
	}
	b.out = append(b.out, t)
	return nil
}

// SetPlan puts prices into force that no event records: those of a rebuild from
// events of a time before there were any.
func (b *Book) SetPlan(p Plan) error {
	if err := p.Validate(); err != nil {
		return err
	}
	b.state.Plan, b.state.Assumed = &p, &p
	return nil
}

// planOf is what a session is charged by: the plan that its acceptance names, or
// the one in force where nothing is known of that. It is nil where nothing costs
// anything.
func (b *Book) planOf(s *sessionBook) (*Plan, error) {
	switch {
	case !s.Begun:
		return b.state.Plan, nil
	case s.Prices == "":
		return b.state.Assumed, nil
	}
	p := b.state.Plans[s.Prices]
	if p == nil {
		return nil, contracts.Errorf(contracts.CodeNotFound, s.Prices, "no such price plan was ever in force")
	}
	return p, nil
}

// Overdrafts are the tenants whose balance may go below zero.
func (b *Book) Overdrafts() map[contracts.TenantID]bool {
	all := map[contracts.TenantID]bool{}
	for t, w := range b.state.Wallets {
		if w.Overdraft {
			all[t] = true
		}
	}
	return all
}
