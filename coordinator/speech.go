package coordinator

import (
	"context"
	"sync"

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

// voices are a session's answers that are being made, and who hears them. Pieces
// come with every token, and the loop decides nothing by them: they pass beside it,
// from the goroutine that receives them to listeners.
type voices struct {
	mu        sync.Mutex
	speech    map[int]*speech // by unit
	listeners map[*listener]struct{}
	over      bool // nobody speaks any more
}

// speaker says under which lease a pod makes an answer.
type speaker struct {
	voices *voices
	lease  uint64
	unit   int
	name   contracts.UnitID
}

// speakers are those of one pod, by lease: the loop adds and removes them, the
// goroutine that receives from the pod looks them up.
type speakers struct {
	mu sync.Mutex
	of map[uint64]speaker
}

func (s *speakers) add(one speaker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[uint64]speaker{}
	}
	s.of[one.lease] = one
}

func (s *speakers) remove(lease uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, lease)
}

// hear takes a piece of an answer. One under a lease that was taken back, or that
// was given before this process began, is nobody's.
func (s *speakers) hear(m *p2p.Tokens) {
	s.mu.Lock()
	one, ok := s.of[m.Lease]
	s.mu.Unlock()
	if ok {
		one.voices.hear(one, m)
	}
}

// begins makes a unit's speech that of a new lease and returns what its pod goes
// on from, nil if from nothing.
func (v *voices) begins(one speaker) *p2p.Resume {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.speech[one.unit]
	if s == nil || s.broken || len(s.tokens) == 0 {
		if s != nil && (s.broken || s.text != "") {
			v.tell(contracts.Tokens{WorkUnitID: one.name, Restart: true})
		}
		if v.speech == nil {
			v.speech = map[int]*speech{}
		}
		v.speech[one.unit] = &speech{lease: one.lease}
		return nil
	}
	s.lease, s.before = one.lease, len(s.tokens)
	return &p2p.Resume{Text: s.text, Tokens: s.tokens}
}

func (v *voices) hear(one speaker, m *p2p.Tokens) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.speech[one.unit]
	if s == nil || s.lease != one.lease {
		return
	}
	s.add(m)
	v.tell(contracts.Tokens{WorkUnitID: one.name, Text: m.Text, Restart: m.Restart})
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

// ends takes a unit's speech away: its answer is there. It is nil if none was heard.
func (v *voices) ends(unit int) *speech {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.speech[unit]
	delete(v.speech, unit)
	return s
}

// listener is somebody who hears a session's answers.
type listener struct{ pieces chan contracts.Tokens }

// maxPieces is how many pieces may wait for a listener. Who is further behind
// hears nothing more and reads the result.
const maxPieces = 1024

// tell lets all listeners hear a piece. v.mu is held.
func (v *voices) tell(p contracts.Tokens) {
	for one := range v.listeners {
		select {
		case one.pieces <- p:
		default:
			delete(v.listeners, one)
			close(one.pieces)
		}
	}
}

// deafen ends what listeners hear: the session is over.
func (v *voices) deafen() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.over = true
	for one := range v.listeners {
		delete(v.listeners, one)
		close(one.pieces)
	}
}

// listen lets one hear what comes and, to begin with, what was said so far. It
// reports false if nothing will come.
func (v *voices) listen(one *listener, name func(unit int) contracts.UnitID) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.over {
		return false
	}
	for unit, s := range v.speech {
		one.pieces <- contracts.Tokens{WorkUnitID: name(unit), Text: s.text, Restart: true}
		if len(one.pieces) == maxPieces {
			break
		}
	}
	if v.listeners == nil {
		v.listeners = map[*listener]struct{}{}
	}
	v.listeners[one] = struct{}{}
	return true
}

func (v *voices) leave(one *listener) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.listeners, one)
}

// Listen lets the caller hear the answers of a running session while they are
// made, from where they are, until stop is called, the session is over or the
// caller is too slow: then the channel is closed. Pieces are not repeated and not
// recorded. A session that does not run has nothing to hear.
func (c *Coordinator) Listen(ctx context.Context, id contracts.SessionID) (pieces <-chan contracts.Tokens, stop func()) {
	one := &listener{pieces: make(chan contracts.Tokens, maxPieces)}
	var l *live
	err := c.do(ctx, func(st *state) { l = st.sessions[id] })
	if err != nil || l == nil || !l.voices.listen(one, func(unit int) contracts.UnitID { return l.Plan().Unit(unit).ID }) {
		close(one.pieces)
		return one.pieces, func() {}
	}
	return one.pieces, func() { l.voices.leave(one) }
}
