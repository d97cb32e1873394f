package e2e

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/krakobackend"
	"github.com/krako-labs/krako/kora/local"
)

// TestGraphsLeaveTheSameHereAndThere runs random graphs of catalogue tasks in this
// process and on a cluster: every unit ends the same, with the same invocation, result,
// fuel and output, and the graph with the same answer.
func TestGraphsLeaveTheSameHereAndThere(t *testing.T) {
	n := 500
	if testing.Short() {
		n = 25
	}
	l, err := local.Open(t.Context(), local.Options{CacheDir: sandboxtest.CodeCache(filepath.Join(t.TempDir(), "compiled"))})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(t.Context())
	f := start(t, 2, unhurried)
	remote := krakobackend.New(f.Client, "cluster", "e2e", krakobackend.Agreed)
	draw := rand.New(rand.NewPCG(1, 2))
	failed, units := 0, 0
	for range n {
		g := randomGraph(draw)
		staged, far := newStaged(g), newStaged(g)
		here, err := l.Backend.Execute(f.ctx, g, contracts.ExecutionContext{}, staged.hear)
		if err != nil {
			t.Fatal(err)
		}
		there, err := remote.Execute(f.ctx, g, contracts.ExecutionContext{}, far.hear)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := here.Metadata, there.Metadata; a.State != b.State || a.StopReason != b.StopReason || a.GraphCID != b.GraphCID || string(here.FinalOutput) != string(there.FinalOutput) {
			t.Errorf("graph %s ends %s, %s with %s here and %s, %s with %s there", a.GraphCID, a.State, a.StopReason, here.FinalOutput, b.State, b.StopReason, there.FinalOutput)
		}
		if d := cmp.Diff(staged.of, far.of); d != "" {
			t.Errorf("graph %s goes through other stages here than there: %s", here.Metadata.GraphCID, d)
		}
		for i := range here.Telemetry.Tasks {
			units++
			if a, b := receipt(&here.Telemetry.Tasks[i]), receipt(&there.Telemetry.Tasks[i]); a != b {
				t.Errorf("unit %s of %s left here\n%s and there\n%s", here.Telemetry.Tasks[i].TaskID, here.Metadata.GraphCID, a, b)
			}
			if here.Telemetry.Tasks[i].Status == contracts.UnitFailed {
				failed++
			}
		}
	}
	t.Logf("%d graphs, %d units, %d of them failed", n, units, failed)
	// Most must succeed, so that results are compared, and some fail.
	if share := float64(failed) / float64(units); share < 0.02 || share > 0.25 {
		t.Errorf("%.2f of the units failed, want 0.02 to 0.25: the graphs say too little", share)
	}
}

// staged hears the stages of KORA that each unit goes through, and the session under
// no name.
type staged struct {
	stages *kora.Stages
	of     map[string][]contracts.Stage
}

func newStaged(g *contracts.TaskGraph) *staged {
	return &staged{kora.NewStages(g), map[string][]contracts.Stage{}}
}

func (s *staged) hear(e contracts.Event) {
	s.of[e.Subject] = append(s.of[e.Subject], s.stages.Of(&e)...)
}

// receipt is what a unit leaves behind that does not depend on where it ran.
func receipt(u *contracts.TaskTelemetry) string {
	return fmt.Sprintf("%s %s unit %s result %s fuel %d validation %s output %v", u.Status, u.StopReason, u.UnitCID, u.ResultCID, u.FuelUsed, u.ValidationStatus, u.Output)
}

// randomGraph is 1 to 5 units in a row or side by side: expressions, texts and lists,
// some of which fail, some skipped, later ones reading earlier ones.
func randomGraph(draw *rand.Rand) *contracts.TaskGraph {
	g := &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "random/1", GraphID: uuid.NewString(), RequestID: uuid.NewString(), TenantID: "local",
		CreatedAt: contracts.Time{Time: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)},
		// Under fail_fast a failure cancels others at another moment here than there.
		Policies: &contracts.Policies{FailurePolicy: contracts.ContinueOnError},
	}
	for i := range 1 + draw.IntN(5) {
		u := contracts.WorkUnit{ID: contracts.UnitID(fmt.Sprintf("u%d", i)), Type: contracts.Deterministic}
		switch draw.IntN(3) {
		case 0:
			u.Program = &contracts.Program{Task: "text/template@1"}
			u.Input = contracts.JSON(fmt.Sprintf(`{"data":{"n":%d},"escape":"none","missing":"refuse","template":"n is {{n}}"}`, draw.IntN(100)))
			if draw.IntN(8) == 0 {
				u.Input = contracts.JSON(`{"data":{},"escape":"none","missing":"refuse","template":"{{absent}}"}`)
			}
		case 1:
			u.Program = &contracts.Program{Task: "num/eval@1"}
			// One in ten divides by zero.
			u.Input = contracts.JSON(fmt.Sprintf(`{"expression":"%d * %d / %d","digits":%d,"rounding":"half_even"}`, draw.IntN(99), draw.IntN(99), draw.IntN(10), draw.IntN(6)))
		default:
			u.Program = &contracts.Program{Task: "text/case@1"}
			u.Input = contracts.JSON(fmt.Sprintf(`{"text":"Some Words %d","to":%q,"language":"any"}`, draw.IntN(50), []string{"upper", "snake", "camel"}[draw.IntN(3)]))
		}
		if i > 0 && draw.IntN(2) == 0 {
			from := g.WorkUnits[draw.IntN(i)].ID
			u.Dependencies = []contracts.UnitID{from}
			u.Bind = []contracts.Bind{{From: from, To: "/data/before"}}
			u.Program = &contracts.Program{Task: "text/template@1"}
			u.Input = contracts.JSON(`{"data":{},"escape":"none","missing":"refuse","template":"before: {{#before}}x{{/before}}"}`)
			if draw.IntN(3) == 0 {
				u.When = []contracts.Condition{{Dependency: from, Condition: contracts.OnFailure}}
			}
		}
		g.WorkUnits = append(g.WorkUnits, u)
		g.Outputs.Final = append(g.Outputs.Final, contracts.FinalOutput{WorkUnitID: u.ID})
	}
	return g
}
