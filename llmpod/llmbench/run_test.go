package llmbench_test

import (
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/llamatest"
	"github.com/krako-labs/krako/llmpod/llmbench"
)

// TestSessionsAreApartAndAnswersRepeat runs the parts that need no daemons, short:
// 'krako bench llm' runs the long forms.
func TestSessionsAreApartAndAnswersRepeat(t *testing.T) {
	t.Setenv("KRAKO_LLAMA_SERVER", llamatest.Program(t))
	o := llmbench.DefaultOptions()
	o.Short, o.Parts = true, []string{"parking", "probes", "replay", "cancel", "scoring"}
	f, err := llmbench.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if p := f.Probes; p.Hits != 0 || p.Count < 40 {
		t.Errorf("%d hits in %d probes", p.Hits, p.Count)
	}
	if r := f.Replay; r.Share != 1 || r.Requests != 24 || r.Restarts == 0 {
		t.Errorf("of %d requests %v came out the same, with %d restarts", r.Requests, r.Share, r.Restarts)
	}
	if p := f.Parking; !p.Same || p.PromptRatio > 0.25 || p.PromptRatio <= 0 {
		t.Errorf("parking: %+v", p)
	}
	if s := f.Scoring; s.FalseGreedy != 0 || s.FalseSampled != 0 || s.SwappedGreedy != 1 || s.SwappedSampled != 1 || s.Cooled != 1 {
		t.Errorf("scoring: %+v", s)
	}
	if f.Cancels.P99 <= 0 || f.Cancels.BareP99 <= 0 || f.Beside != nil {
		t.Errorf("cancelling: %+v; beside %+v", f.Cancels, f.Beside)
	}
}

func TestOptionsNameTheirProblem(t *testing.T) {
	o := llmbench.DefaultOptions()
	o.Parts = []string{"everything"}
	if err := o.Validate(); contracts.CodeOf(err) != contracts.CodeValidation || !strings.Contains(err.Error(), "everything") {
		t.Errorf("got %v", err)
	}
	o = llmbench.Options{}
	if o.Validate() == nil {
		t.Error("no rounds are taken")
	}
}
