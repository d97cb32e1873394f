package e2e

import (
	"bytes"
	"encoding/json"
	"image/png"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/examples/render"
)

// picture is the render example, as large as the user's, at the fewest samples.
func picture(t *testing.T) *contracts.TaskGraph {
	t.Helper()
	o := render.DefaultOptions()
	o.Samples = 1
	g, err := render.Graph(request(), o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// The picture as three nodes make it when nothing goes wrong. It is made once:
// every other way to make it is compared with this one.
var (
	referenceOnce sync.Once
	referencePNG  []byte
	referenceCIDs map[contracts.UnitID]string
)

func reference(t *testing.T) ([]byte, map[contracts.UnitID]string) {
	t.Helper()
	referenceOnce.Do(func() {
		f := start(t, 3)
		r := f.result(f.submit(picture(t)))
		referencePNG, referenceCIDs = f.output(r), resultCIDs(r)
	})
	if referencePNG == nil {
		t.Fatal("the undisturbed run failed")
	}
	return referencePNG, referenceCIDs
}

func TestRenderIsAPicture(t *testing.T) {
	data, cids := reference(t)
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() < 1920 || b.Dy() < 1080 {
		t.Errorf("picture is %v", b)
	}
	if len(cids) < 65 {
		t.Errorf("picture was made by %d units, want at least 64 tiles and one that assembles", len(cids))
	}
}

func TestOneNodeGivesTheSameResults(t *testing.T) {
	want, cids := reference(t)
	f := start(t, 1)
	r := f.result(f.submit(picture(t)))
	if !bytes.Equal(f.output(r), want) {
		t.Error("one node made another picture than three")
	}
	if d := cmp.Diff(cids, resultCIDs(r)); d != "" {
		t.Errorf("result_cids differ (-three +one):\n%s", d)
	}
}

func TestKilledNodeChangesNothing(t *testing.T) {
	want, cids := reference(t)
	f := start(t, 3)
	id := f.submit(picture(t))
	victim, killed := "", false
	h := f.watch(id, func(h history) {
		if !killed && h.count(contracts.EventUnitCompleted) == 10 {
			killed = true
			victim = f.kill(1)
		}
	})
	if !killed {
		t.Fatal("session ended before a node was killed")
	}
	if h.count(contracts.EventUnitLeaseLost) == 0 {
		t.Error("no lease was lost although a node was killed while it held some")
	}
	r := f.result(id)
	if !bytes.Equal(f.output(r), want) {
		t.Error("picture differs after a node was killed")
	}
	if d := cmp.Diff(cids, resultCIDs(r)); d != "" {
		t.Errorf("result_cids differ (-undisturbed +killed %s):\n%s", victim, d)
	}
	checkOnce(t, h)
}

// kill ends a node as kill -9 does and returns its name. It starts again by
// itself.
func (f *fabric) kill(i int) string {
	if err := f.local.Nodes[i].Kill(); err != nil {
		f.t.Errorf("kill %s: %v", f.local.Nodes[i].Name, err)
	}
	return f.local.Nodes[i].Name
}

func TestINV8KilledCoordinatorLosesNothing(t *testing.T) {
	want, cids := reference(t)
	f := start(t, 3)
	id := f.submit(picture(t))
	before := 0
	h := f.watch(id, func(h history) {
		if before == 0 && h.count(contracts.EventUnitCompleted) == 12 {
			before = len(h)
			if err := f.local.Coordinator.Kill(); err != nil {
				t.Errorf("kill coordinator: %v", err)
			}
		}
	})
	if before == 0 {
		t.Fatal("session ended before the coordinator was killed")
	}
	r := f.result(id)
	if !bytes.Equal(f.output(r), want) {
		t.Error("picture differs after the coordinator was killed")
	}
	if d := cmp.Diff(cids, resultCIDs(r)); d != "" {
		t.Errorf("result_cids differ (-undisturbed +killed):\n%s", d)
	}
	checkOnce(t, h)
}

// checkOnce checks that no unit is given out again once its result is
// acknowledged, that each completes once, and that a restart tells the same
// events: the ids are all different and every acknowledged result is still
// there.
func checkOnce(t *testing.T, h history) {
	t.Helper()
	completed, ids := map[string]bool{}, map[string]bool{}
	for _, e := range h {
		if ids[e.ID] {
			t.Errorf("event %s %s came twice", e.Type, e.ID)
		}
		ids[e.ID] = true
		switch e.Type {
		case contracts.EventUnitScheduled:
			if completed[e.Subject] {
				t.Errorf("unit %s was given out again after its result was acknowledged", e.Subject)
			}
		case contracts.EventUnitCompleted:
			if completed[e.Subject] {
				t.Errorf("unit %s completed twice", e.Subject)
			}
			completed[e.Subject] = true
			var d contracts.UnitEnded
			if err := json.Unmarshal(e.Data, &d); err != nil || d.ResultCID == "" || d.BatchCID == "" || d.UnitCID == "" {
				t.Errorf("completed event of %s lacks its addresses (%v)", e.Subject, err)
			}
		}
	}
}
