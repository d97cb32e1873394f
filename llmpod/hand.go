package llmpod

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

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
	news    bool // something else than pieces, or what may be asked for, has changed
	hasty   bool // a piece is the first that somebody hears of an answer
	units   map[uint64]*unit
	talking []*unit       // with something in piece, in order
	notes   []p2p.Message // faults, and what was found of answers
	done    []*report
	sealed  []*sealed
}

func newHand(most int) *hand {
	return &hand{most: most, pulse: make(pulse, 1), units: map[uint64]*unit{}}
}

// stir has the sender look at everything.
func (h *hand) stir() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tell()
}

// tell is stir under h.mu.
func (h *hand) tell() {
	h.news = true
	h.pulse.beat()
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
	first := len(h.talking) == 0
	h.hasty = h.hasty || u.said == 0
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
	if first || h.ready() {
		h.pulse.beat()
	}
}

// ready reports whether what waits should go now: it is more than pieces, or first
// ones, or all that speak have spoken. h.mu is held.
func (h *hand) ready() bool {
	if h.news || h.hasty {
		return true
	}
	speak := 0
	for _, u := range h.units {
		if u.said > 0 && !u.over {
			speak++
		}
	}
	return len(h.talking) >= speak
}

// stepSpread is how far apart the tokens of one step of the model may come that still
// travel together.
const stepSpread = time.Millisecond

// gather waits a moment until everybody who speaks has spoken: slots share the steps of
// the model, and their tokens, which come one after the other, are one write here and
// one awakening in the coordinator. An answer that is alone waits for nobody.
func (h *hand) gather(ctx context.Context) {
	runtime.Gosched()
	var limit *time.Timer
	for {
		h.mu.Lock()
		ready := h.ready()
		h.mu.Unlock()
		if ready {
			return
		}
		if limit == nil {
			limit = time.NewTimer(stepSpread)
			defer limit.Stop()
		}
		select {
		case <-h.pulse:
		case <-limit.C:
			return
		case <-ctx.Done():
			return
		}
	}
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
		h.notes = append(h.notes, f)
		delete(h.units, u.lease)
	}
	h.tell()
}

// find ends a unit that asked what is to be found of an answer, unless it was
// cancelled.
func (h *hand) find(u *unit, m *p2p.Scored) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.units[u.lease] != u {
		return
	}
	h.notes = append(h.notes, m)
	delete(h.units, u.lease)
	h.tell()
}

// refuse answers a unit that was never in hand.
func (h *hand) refuse(f *p2p.Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notes = append(h.notes, f)
	h.tell()
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
	h.tell()
}

// drop stops everything, for a cluster that the pod no longer works for.
func (h *hand) drop(why error) {
	h.cancel(h.leases(), why)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sealed, h.notes, h.talking = nil, nil, nil
}

// collect takes what is to be sent: pieces first, so that none comes after its
// result. It reports whether there may be more to do than to send pieces.
func (h *hand) collect() (pieces []*p2p.Tokens, notes []p2p.Message, done []*report, news bool) {
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
	clear(h.talking)
	notes, h.notes, h.talking = h.notes, nil, h.talking[:0]
	news, h.news, h.hasty = h.news || len(notes)+n > 0, false, false
	return pieces, notes, done, news
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
	h.tell()
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
	return len(h.units) == 0 && len(h.notes) == 0
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
