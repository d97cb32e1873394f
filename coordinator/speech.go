package coordinator

import (
	"context"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
)

// speech is what an answer that is being made consists of so far. It is kept in
// memory only, for listeners, and for another pod to go on from when the one that
// speaks is lost: the result alone is recorded.
type speech struct {
	lease uint64
	// before is how many of the tokens came under earlier leases.
	before int
	text   string
	tokens []int
	// broken is set once something is missing: then nobody can go on from it.
	broken bool
}

// begins makes a unit's speech that of a new lease and returns what its pod goes
// on from, nil if from nothing.
func (l *live) begins(unit int, lease uint64) *p2p.Resume {
	s := l.speech[unit]
	if s == nil || s.broken || len(s.tokens) == 0 {
		if s != nil && (s.broken || s.text != "") {
			l.tell(contracts.Tokens{WorkUnitID: l.Plan().Unit(unit).ID, Restart: true})
		}
		if l.speech == nil {
			l.speech = map[int]*speech{}
		}
		l.speech[unit] = &speech{lease: lease}
		return nil
	}
	s.lease, s.before = lease, len(s.tokens)
	return &p2p.Resume{Text: s.text, Tokens: s.tokens}
}

// hear takes a piece of an answer from the pod that has the unit.
func (st *state) hear(w *worker, m *p2p.Tokens) {
	out, ok := w.node.leases[m.Lease]
	if !ok {
		return // it was taken back
	}
	if out.live == nil {
		return
	}
	s := out.live.speech[out.Unit]
	if s == nil || s.lease != m.Lease {
		return // it was given before this process began
	}
	s.add(m)
	out.live.tell(contracts.Tokens{WorkUnitID: out.live.Plan().Unit(out.Unit).ID, Text: m.Text, Restart: m.Restart})
}

func (s *speech) add(m *p2p.Tokens) {
	if m.Restart {
		*s = speech{lease: s.lease}
	}
	if s.broken || s.before+m.At != len(s.tokens) || len(s.text)+len(m.Text) > p2p.MaxText || len(s.tokens)+len(m.Tokens) > p2p.MaxTokens {
		*s = speech{lease: s.lease, broken: true}
		return
	}
	s.text += m.Text
	s.tokens = append(s.tokens, m.Tokens...)
}

// listener is somebody who hears a session's answers.
type listener struct{ pieces chan contracts.Tokens }

// maxPieces is how many pieces may wait for a listener. Who is further behind
// hears nothing more and reads the result.
const maxPieces = 1024

// tell lets all listeners hear a piece.
func (l *live) tell(p contracts.Tokens) {
	for one := range l.listeners {
		select {
		case one.pieces <- p:
		default:
			delete(l.listeners, one)
			close(one.pieces)
		}
	}
}

// deafen ends what listeners hear: the session is over.
func (l *live) deafen() {
	for one := range l.listeners {
		delete(l.listeners, one)
		close(one.pieces)
	}
}

// Listen lets the caller hear the answers of a running session while they are
// made, from where they are, until stop is called, the session is over or the
// caller is too slow: then the channel is closed. Pieces are not repeated and not
// recorded. A session that does not run has nothing to hear.
func (c *Coordinator) Listen(ctx context.Context, id contracts.SessionID) (pieces <-chan contracts.Tokens, stop func()) {
	one := &listener{pieces: make(chan contracts.Tokens, maxPieces)}
	heard := false
	err := c.do(ctx, func(st *state) {
		l, ok := st.sessions[id]
		if !ok {
			return
		}
		heard = true
		for unit, s := range l.speech {
			one.pieces <- contracts.Tokens{WorkUnitID: l.Plan().Unit(unit).ID, Text: s.text, Restart: true}
			if len(one.pieces) == maxPieces {
				break
			}
		}
		if l.listeners == nil {
			l.listeners = map[*listener]struct{}{}
		}
		l.listeners[one] = struct{}{}
	})
	if err != nil || !heard {
		close(one.pieces)
		return one.pieces, func() {}
	}
	return one.pieces, func() {
		_ = c.post(context.WithoutCancel(ctx), func(st *state) {
			if l, ok := st.sessions[id]; ok {
				delete(l.listeners, one)
			}
		}) // a coordinator that has stopped tells nobody anything
	}
}
