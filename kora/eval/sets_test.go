package eval

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/krako-labs/krako/kora/local"
	"github.com/krako-labs/krako/kora/plan"
)

// clock is what the clock of the sets says.
var clock = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func set(t *testing.T, name string) []Item {
	t.Helper()
	f, err := os.Open("sets/" + name + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	items, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func runner(t *testing.T) *Runner {
	t.Helper()
	l, err := local.Open(t.Context(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(context.WithoutCancel(t.Context())) })
	return &Runner{
		Engine: l.Engine, Base: plan.Request{Now: clock, Zone: "America/New_York", Locale: "en-US"},
		Attach: func(ctx context.Context, a Attachment) (plan.Attachment, error) {
			id, err := l.Blocks.PutBlock(ctx, 0x55, []byte(a.Text))
			return plan.Attachment{Name: a.Name, MediaType: a.MediaType, CID: id, Bytes: int64(len(a.Text)), Head: []byte(a.Text)}, err
		},
	}
}

// Our own sets: at most one answer in a thousand is wrong, at least 92 of 100
// questions are answered, near misses are left alone, and what is answered right
// stays so in other words.
func TestOwnSets(t *testing.T) {
	r := runner(t)
	every := 1
	if testing.Short() {
		every = 12
	}
	for _, name := range []string{"dev", "test", "wild"} {
		var items []Item
		for i, it := range set(t, name) {
			if i%every == 0 {
				items = append(items, it)
			}
		}
		s, err := r.Run(t.Context(), items, func(d Detail) error {
			if d.Correct != nil && !*d.Correct {
				t.Logf("%s is answered with %q", d.ID, d.Answer)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %+v", name, s)
		if 1000*s.Wrong > s.Answered || 100*s.Answered < 92*s.Items {
			t.Errorf("%s: %d of %d answered, %d wrong", name, s.Answered, s.Items, s.Wrong)
		}
	}
	for _, it := range append(set(t, "near"), set(t, "hard")...) {
		if p := r.plan(&it, it.Message); p.Kind != plan.None {
			t.Errorf("%q is answered: %+v", it.Message, p.Decisions)
		}
	}
}

// What is read is read the same in other words. Readings are compared, by what
// their units compute: no run is needed to know that equal graphs have equal
// answers.
func TestRewrites(t *testing.T) {
	r := &Runner{Base: plan.Request{Now: clock, Zone: "America/New_York", Locale: "en-US"}}
	total, kept := 0, 0
	for _, w := range rewrites {
		n, same := 0, 0
		for i, it := range append(set(t, "dev"), set(t, "test")...) {
			if testing.Short() && i%4 != 0 || len(it.Attachments) > 0 {
				continue
			}
			before := r.plan(&it, it.Message)
			said, ok := w.do(&it, i)
			if before.Kind == plan.None || !ok {
				continue
			}
			n++
			switch after := r.plan(&it, said); {
			case after.Kind == plan.None:
				if w.name != "" && n-same < 40 {
					t.Logf("%s: %q is left", w.name, said)
				}
			case !computesSame(&before, &after):
				t.Errorf("%s: %q is read in another way than %q", w.name, said, it.Message)
			default:
				same++
			}
		}
		t.Logf("%s: %d of %d kept", w.name, same, n)
		total, kept = total+n, kept+same
	}
	if 100*kept < 97*total {
		t.Errorf("%d of %d decisions are kept", kept, total)
	}
}

// plan plans an item's message in the words that are given.
func (r *Runner) plan(it *Item, message string) plan.Plan {
	req := r.Base
	req.ID, req.Tenant, req.Message, req.Models = "0197f3c4-0000-7000-8000-000000000000", "lab", message, plan.ModelNever
	return plan.Make(&req)
}

// computesSame reports whether two graphs have the same units, up to the case of
// texts.
func computesSame(a, b *plan.Plan) bool {
	x, y := a.Graph.WorkUnits, b.Graph.WorkUnits
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i].Program.Task != y[i].Program.Task || !sameWords(string(x[i].Input), string(y[i].Input)) {
			return false
		}
	}
	return true
}
