package referee

import (
	"strings"
	"unicode/utf8"

	"github.com/krako-labs/krako/contracts"
)

// The verdicts of a scoring.
const (
	Plausible   Verdict = "plausible"
	Implausible Verdict = "implausible"
)

// maxScored is the longest answer that is scored, in tokens: each is a step of a
// model's.
const maxScored = 4096

// Weights is the hash of the weights that a class names, "" for a class that names
// none: an attached server's, or that of a model that was downloaded.
func Weights(class string) string {
	part := strings.Split(class, "/")
	if len(part) != 4 || len(part[0]) != 16 || len(part[1]) != 12 {
		return ""
	}
	return part[0]
}

// Said is an answer with the tokens that its pod named while it made it.
type Said struct {
	Answer
	Text   string
	Tokens []int
}

// Scorable reports whether probabilities say something of an answer to a unit: it is
// free text drawn from the model's whole distribution, from one pod in one go, and
// every one of its tokens was named. (The last one, which ends an answer, never is.)
func (s *Said) Scorable(w *contracts.WorkUnit) bool {
	m := w.Model
	return m != nil && m.Operation == contracts.Generate && m.FreeText && (m.TopP == nil || *m.TopP == 1) && len(m.Stop) == 0 && len(m.Tools) == 0 &&
		Weights(s.Use.Class) != "" && s.Outcome == contracts.Succeeded && s.Use.Calls == 1 && s.Use.Resumed == 0 &&
		utf8.ValidString(s.Text) && !strings.ContainsRune(s.Text, utf8.RuneError) &&
		len(s.Tokens) > 0 && len(s.Tokens) <= maxScored && int64(len(s.Tokens)) >= s.Use.TokensOut-1
}
