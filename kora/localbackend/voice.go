package localbackend

import (
	"slices"
	"sync"

	"github.com/krako-labs/krako/contracts"
)

// voice hands what models say in one session to whoever hears. It is safe for
// concurrent use.
type voice struct {
	mu  sync.Mutex
	all []*ear
}

// ear is somebody who hears; its function may be nil.
type ear struct{ say func(contracts.Tokens) }

func (v *voice) hear(e *ear) {
	if e.say == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.all = append(v.all, e)
}

// mute ends hearing: nothing is said to e when it has returned.
func (v *voice) mute(e *ear) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.all = slices.DeleteFunc(v.all, func(o *ear) bool { return o == e })
}

func (v *voice) say(t contracts.Tokens) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range v.all {
		e.say(t)
	}
}
