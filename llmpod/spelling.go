package llmpod

import (
	"slices"
	"strings"

	"github.com/krako-labs/krako/internal/llama"
)

// spelling knows by what texts a model's control tokens are spelled, or may be, by
// their first two bytes. With it most conversations need not be shown to the
// server to see that none is: two calls less before the first token. nil knows
// nothing.
type spelling map[string][]string

// newSpelling is of the marks of a model's file (gguf.Info), nil where there is no
// file or a mark is too short to look for.
func newSpelling(marks []string) spelling {
	s := spelling{}
	for _, m := range marks {
		if len(m) < 2 {
			return nil
		}
		s[m[:2]] = append(s[m[:2]], m)
	}
	return s
}

// harmless reports whether no text of a conversation can spell a control token.
// false says that the server has to be asked.
func (s spelling) harmless(talk []llama.Message) bool {
	return s != nil && !slices.ContainsFunc(talk, func(m llama.Message) bool { return s.in(m.Content) })
}

func (s spelling) in(text string) bool {
	for i := 0; i+1 < len(text); i++ {
		for _, m := range s[text[i:i+2]] {
			if strings.HasPrefix(text[i:], m) {
				return true
			}
		}
	}
	return false
}
