package llmpod

import (
	"context"
	"slices"
	"sync"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
)

// unit is one assigned execution, from its Assign to the record of its result.
type unit struct {
	lease, epoch uint64
	attempt      uint32
	ctx          context.Context
	stop         context.CancelCauseFunc

	// The lock of the hand guards the rest.
	piece p2p.Tokens // what was said and not sent yet
	said  int        // tokens up to the end of piece
	over  bool       // it has a result
}

// hand is what the pod has in hand: units that run, what is to be sent of them,
// and results that are not recorded. It outlives work streams. Safe for
// concurrent use.
type hand struct {
	most  int
	pulse pulse // beats when there is something to send

	mu      sync.Mutex
	units   map[uint64]*unit
	talking []*unit // with something in piece, in order
	faults  []*p2p.Fault
	done    []*report
	sealed  []*sealed
}

func newHand(most int) *hand {
	return &hand{most: most, pulse: make(pulse, 1), units: map[uint64]*unit{}}
}

// pulse wakes one waiter; beats while nobody waits are one.
type pulse chan struct{}

func (p pulse) beat() {
	select {
	case p <- struct{}{}:
	default:
	}
}

// take adds a unit. It reports false for a lease that is in hand already.
func (h *hand) take(u *unit) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.units[u.lease] != nil {
		return false
	}
	h.units[u.lease] = u
	return true
}

// say adds a piece of a unit's answer to what is to be sent. Pieces that wait
// travel together.
func (h *hand) say(u *unit, p Piece) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.units[u.lease] != u {
		return
	}
	if len(u.piece.Text)+len(p.Text) > p2p.MaxText || len(u.piece.Tokens)+len(p.Tokens) > p2p.MaxTokens {
		u.said += max(len(p.Tokens), 1) + p.Missing // nobody reads; that something is missing shows by its number
		return
	}
	if u.piece.Lease == 0 {
		u.piece = p2p.Tokens{Lease: u.lease, At: u.said}
		h.talking = append(h.talking, u)
	}
	if p.Restart {
		u.piece = p2p.Tokens{Lease: u.lease, Restart: true}
		u.said = 0
	}
	// A gap before any of a frame's tokens shows by the number of its first: who
	// listens must not take the frame for one that can be gone on from.
	u.piece.At += p.Missing
	u.said += p.Missing
	u.piece.Text += p.Text
	u.piece.Tokens = append(u.piece.Tokens, p.Tokens...)
	u.said += len(p.Tokens)
	h.pulse.beat()
}

// finish ends a unit with a result or a fault, unless it was cancelled.
func (h *hand) finish(u *unit, r *report, f *p2p.Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.units[u.lease] != u {
		return
	}
	if r != nil {
		u.over = true
		h.done = append(h.done, r)
	} else {
		h.faults = append(h.faults, f)
		delete(h.units, u.lease)
	}
	h.pulse.beat()
}

// refuse answers a unit that was never in hand.
func (h *hand) refuse(f *p2p.Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, f)
	h.pulse.beat()
}

// cancel stops units; nothing of them is reported.
func (h *hand) cancel(leases []uint64, why error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range leases {
		if u := h.units[id]; u != nil {
			u.stop(why)
			delete(h.units, id)
		}
	}
	h.done = slices.DeleteFunc(h.done, func(r *report) bool { return h.units[r.lease] == nil })
	h.pulse.beat()
}

// drop stops everything, for a cluster that the pod no longer works for.
func (h *hand) drop(why error) {
	h.cancel(h.leases(), why)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sealed, h.faults, h.talking = nil, nil, nil
}

// collect takes what is to be sent: pieces first, so that none comes after its
// result.
func (h *hand) collect() (pieces []*p2p.Tokens, faults []*p2p.Fault, done []*report) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, u := range h.talking {
		if h.units[u.lease] == u {
			piece := u.piece
			pieces = append(pieces, &piece)
		}
		u.piece = p2p.Tokens{}
	}
	n := max(min(len(h.done), h.most-len(h.sealed)), 0)
	done = slices.Clone(h.done[:n])
	h.done = slices.Delete(h.done, 0, n)
	faults, h.faults, h.talking = h.faults, nil, nil
	return pieces, faults, done
}

// keep holds a signed result until it is recorded.
func (h *hand) keep(s *sealed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sealed = append(h.sealed, s)
}

// waiting returns the signed results.
func (h *hand) waiting() []*sealed {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.sealed)
}

// settled lets go of results by their batch: those up to seq if upTo, else the
// one.
func (h *hand) settled(seq uint64, upTo bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sealed = slices.DeleteFunc(h.sealed, func(s *sealed) bool {
		if s.seq != seq && (!upTo || s.seq > seq) {
			return false
		}
		delete(h.units, s.lease)
		return true
	})
	h.pulse.beat()
}

// leases are those that the pod answers for.
func (h *hand) leases() []uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]uint64, 0, len(h.units))
	for id := range h.units {
		list = append(list, id)
	}
	return list
}

// running counts units that have no result yet.
func (h *hand) running() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, u := range h.units {
		if !u.over {
			n++
		}
	}
	return n
}

func (h *hand) empty() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.units) == 0 && len(h.faults) == 0
}

// faultOf says why a unit was not computed. What a deterministic computation can
// end with is not a fault's to say.
func faultOf(lease uint64, err error) *p2p.Fault {
	code := contracts.CodeOf(err)
	if !code.Valid() || code.Deterministic() {
		code = contracts.CodeInternal
	}
	message := err.Error()
	return &p2p.Fault{Lease: lease, Code: code, Message: message[:min(len(message), 1024)]}
}
