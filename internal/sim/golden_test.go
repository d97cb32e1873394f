package sim

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/krako-labs/krako/internal/golden"
)

// TestResultsStay holds every attack under every policy to the figures that are
// written down: a specification gives the same ones to the last bit, today and in the
// next version, however fast it is. Each line of testdata is a specification and the
// line below it what came of it.
func TestResultsStay(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("other processors round exp and fused sums otherwise")
	}
	golden.Stories(t, func(t *testing.T, text string) string {
		var out strings.Builder
		for line := range strings.Lines(text) {
			if !strings.Contains(line, `"attack"`) {
				continue
			}
			s, err := ReadSpec(strings.NewReader(line))
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			b, err := json.Marshal(Run(s, noClock))
			if err != nil {
				t.Fatal(err)
			}
			out.WriteString(line + string(b) + "\n")
		}
		return out.String()
	})
}
