package worker

import "github.com/ipfs/go-cid"

const (
	// mostKilled is how many processes a module may kill before it is refused.
	mostKilled = 2
	// forgiven is after how many completed tasks a death is forgotten: a process
	// that somebody else killed once a day is no sign of anything.
	forgiven = 10_000
	// maxSuspects bounds the modules that are remembered.
	maxSuspects = 4096
)

// suspects are the modules that ran when processes died. It reads no clock.
type suspects struct {
	completed uint64 // tasks
	byModule  map[cid.Cid]suspicion
}

type suspicion struct {
	killed int
	at     uint64 // completed tasks at the last death
}

// blame notes the death of a process whose unanswered tasks were of these
// modules. Only what they have in common is to blame.
func (s *suspects) blame(modules []cid.Cid) {
	if len(modules) == 0 {
		return
	}
	for _, m := range modules[1:] {
		if m != modules[0] {
			return
		}
	}
	if len(s.byModule) >= maxSuspects || s.byModule == nil {
		s.byModule = map[cid.Cid]suspicion{}
	}
	old := s.byModule[modules[0]]
	if old.killed < mostKilled && s.completed-old.at > forgiven {
		old.killed = 0
	}
	s.byModule[modules[0]] = suspicion{old.killed + 1, s.completed}
}

// refuses reports whether a module has killed too many.
func (s *suspects) refuses(module cid.Cid) bool { return s.byModule[module].killed >= mostKilled }

// refused returns how many modules are refused.
func (s *suspects) refused() (n int) {
	for _, sus := range s.byModule {
		if sus.killed >= mostKilled {
			n++
		}
	}
	return n
}
