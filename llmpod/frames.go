package llmpod

import (
	"strings"
	"sync"

	"github.com/krako-labs/krako/internal/llama"
)

// frames are what a model's template has put around texts before, by the roles of a
// conversation. What they say of the next one is a guess: a template may look at the
// texts, or at the clock. The zero value knows nothing. Safe for concurrent use.
type frames struct {
	mu      sync.Mutex
	byRoles map[string][]string // what stands before each text, and behind the last
}

// maxFrames bounds the kinds of conversations that are known, maxTurns their length.
const (
	maxFrames = 64
	maxTurns  = 32
)

func rolesOf(talk []llama.Message) string {
	var b strings.Builder
	for _, m := range talk {
		b.WriteString(m.Role)
		b.WriteByte('\n')
	}
	return b.String()
}

// guess is what the template is likely to make of a conversation.
func (f *frames) guess(talk []llama.Message) (rendered string, ok bool) {
	f.mu.Lock()
	frame := f.byRoles[rolesOf(talk)]
	f.mu.Unlock()
	if len(frame) != len(talk)+1 {
		return "", false
	}
	var b strings.Builder
	for i, m := range talk {
		b.WriteString(frame[i])
		b.WriteString(m.Content)
	}
	b.WriteString(frame[len(talk)])
	return b.String(), true
}

// learn takes in what the template has made of a conversation.
func (f *frames) learn(talk []llama.Message, rendered string) {
	if len(talk) > maxTurns {
		return
	}
	frame := make([]string, 0, len(talk)+1)
	for _, m := range talk {
		if m.Content == "" || strings.Count(rendered, m.Content) != 1 {
			return // it does not keep texts as they are, or nobody can tell where they stand
		}
		before, after, _ := strings.Cut(rendered, m.Content)
		frame, rendered = append(frame, before), after
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	roles := rolesOf(talk)
	if _, known := f.byRoles[roles]; !known && len(f.byRoles) >= maxFrames {
		return
	}
	if f.byRoles == nil {
		f.byRoles = map[string][]string{}
	}
	f.byRoles[roles] = append(frame, rendered)
}
