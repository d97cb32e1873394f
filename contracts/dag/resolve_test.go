package dag_test

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// bench is a graph being built and run with fixed outputs.
type bench struct {
	t       *testing.T
	graph   contracts.TaskGraph
	outputs map[contracts.UnitID]string // "" fails the unit
	reads   map[cid.Cid]int
	salt    []byte
}

func newBench(t *testing.T, outputs map[contracts.UnitID]string) *bench {
	b := &bench{t: t, outputs: outputs, reads: map[cid.Cid]int{}, salt: []byte("salt")}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		b.graph.WorkUnits = append(b.graph.WorkUnits, contracts.WorkUnit{ID: name, Type: contracts.Deterministic, Program: &contracts.Program{Task: "t@1"}})
	}
	return b
}

// add appends unit x, which depends on all others.
func (b *bench) add(x contracts.WorkUnit) *bench {
	x.ID, x.Type, x.Program = "x", contracts.Deterministic, &contracts.Program{Task: "t@1"}
	for i := range b.graph.WorkUnits {
		x.Dependencies = append(x.Dependencies, b.graph.WorkUnits[i].ID)
	}
	b.graph.WorkUnits = append(b.graph.WorkUnits, x)
	b.graph.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: "x"}}
	b.graph.Policies = &contracts.Policies{FailurePolicy: contracts.ContinueOnError}
	b.graph.SchemaVersion, b.graph.GraphVersion, b.graph.TenantID = "1.0", "test", "lab"
	b.graph.GraphID, b.graph.RequestID = "01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8058"
	b.graph.CreatedAt = contracts.Time{Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	if err := b.graph.Validate(contracts.DefaultLimits()); err != nil {
		b.t.Fatal(err)
	}
	return b
}

// resolve ends every unit but x with its output and resolves x.
func (b *bench) resolve() (*dag.Resolved, error) {
	b.t.Helper()
	p, err := dag.Compile(&b.graph)
	if err != nil {
		b.t.Fatal(err)
	}
	run, _ := dag.Start(p)
	for i := range p.Len() - 1 {
		e := dag.Ending{State: contracts.UnitSuccess, Reason: contracts.StopSuccess}
		if b.outputs[p.Unit(i).ID] == "" {
			e = dag.Ending{State: contracts.UnitSkipped, Reason: contracts.StopSkipped}
		}
		if _, ok := run.End(i, e); !ok {
			b.t.Fatalf("unit %s cannot end", p.Unit(i).ID)
		}
	}
	x := p.Len() - 1
	if run.State(x) != contracts.UnitReady {
		b.t.Fatalf("x is %s", run.State(x))
	}
	return run.Resolve(x, b.source(p))
}

var module = dagcbor.RawCID([]byte("module"))

func (b *bench) source(p *dag.Plan) dag.Source {
	return dag.Source{
		Profile: "det-1", Salt: b.salt,
		Program: func(int) (cid.Cid, string, error) { return module, "main", nil },
		Output: func(i int) dag.Output {
			out := b.outputs[p.Unit(i).ID]
			if out == "" {
				b.t.Errorf("asked for the output of %s, which did not succeed", p.Unit(i).ID)
			}
			return dag.Output{CID: dagcbor.RawCID([]byte(out)), MediaType: contracts.DefaultMediaType}
		},
		Bytes: func(c cid.Cid) ([]byte, error) {
			b.reads[c]++
			for _, out := range b.outputs {
				if dagcbor.RawCID([]byte(out)) == c {
					return []byte(out), nil
				}
			}
			return nil, contracts.Errorf(contracts.CodeNotFound, c.String(), "no such block")
		},
	}
}

func TestResolveBindsInput(t *testing.T) {
	outputs := map[contracts.UnitID]string{
		"a": `{"parts":[{"text":"one"},{"text":"two"}],"n":1.0,"~/":true,"none":null}`,
		"b": `[10,2e1]`,
		"s": "", // skipped
	}
	type binds = []contracts.Bind
	for name, c := range map[string]struct {
		input string
		bind  binds
		want  string
	}{
		"nothing bound, no input":    {"", nil, `{}`},
		"nothing bound":              {`{"k":1}`, nil, `{"k":1}`},
		"input that is no canonical": {`{ "z":1.0, "a":"\u0041" }`, nil, `{"a":"A","z":1}`},
		"whole output":               {"", binds{{From: "b", To: "/in"}}, `{"in":[10,20]}`},
		"a selection":                {"", binds{{From: "a", Select: "/parts/1/text", To: "/text"}}, `{"text":"two"}`},
		"escaped pointers":           {"", binds{{From: "a", Select: "/~0~1", To: "/x~1y"}}, `{"x/y":true}`},
		"an element":                 {"", binds{{From: "b", Select: "/0", To: "/n"}}, `{"n":10}`},
		"numbers are canonical":      {"", binds{{From: "a", Select: "/n", To: "/n"}}, `{"n":1}`},
		"a null that is there":       {"", binds{{From: "a", Select: "/none", To: "/n"}}, `{"n":null}`},
		"objects made on the way":    {"", binds{{From: "b", Select: "/0", To: "/p/q/r"}}, `{"p":{"q":{"r":10}}}`},
		"beside the literal input":   {`{"k":1,"p":{"z":2}}`, binds{{From: "b", Select: "/1", To: "/p/q"}}, `{"k":1,"p":{"q":20,"z":2}}`},
		"over the literal input":     {`{"k":1}`, binds{{From: "b", To: "/k"}}, `{"k":[10,20]}`},
		"in order, the last wins":    {"", binds{{From: "b", To: "/k"}, {From: "a", Select: "/n", To: "/k"}}, `{"k":1}`},
		"appended in order":          {`{"l":[0]}`, binds{{From: "b", Select: "/0", To: "/l/-"}, {From: "a", Select: "/n", To: "/l/-"}}, `{"l":[0,10,1]}`},
		"null from what was skipped": {"", binds{{From: "s", To: "/s"}, {From: "s", Select: "/deep/er", To: "/t"}}, `{"s":null,"t":null}`},
		"into what was bound before": {"", binds{{From: "a", Select: "/parts", To: "/p"}, {From: "b", Select: "/0", To: "/p/0/n"}}, `{"p":[{"n":10,"text":"one"},{"text":"two"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, outputs).add(contracts.WorkUnit{Input: contracts.JSON(c.input), Bind: c.bind})
			r, err := b.resolve()
			if err != nil {
				t.Fatal(err)
			}
			if got := string(r.Invocation.Input.Inline); got != c.want {
				t.Errorf("input is %s, want %s", got, c.want)
			}
			for id, n := range b.reads {
				if n > 1 {
					t.Errorf("output %s was read %d times", id, n)
				}
			}
		})
	}
}

func TestResolveRefusesWhatCannotBeBound(t *testing.T) {
	outputs := map[contracts.UnitID]string{"a": `{"parts":[1]}`, "t": `plain text`}
	for name, bind := range map[string]contracts.Bind{
		"missing member":       {From: "a", Select: "/words", To: "/in"},
		"missing element":      {From: "a", Select: "/parts/1", To: "/in"},
		"the place after":      {From: "a", Select: "/parts/-", To: "/in"},
		"part of a number":     {From: "a", Select: "/parts/0/x", To: "/in"},
		"output that is text":  {From: "t", To: "/in"},
		"into a number":        {From: "a", To: "/k/in"},
		"into a missing index": {From: "a", To: "/l/7"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newBench(t, outputs).add(contracts.WorkUnit{Input: contracts.JSON(`{"k":1,"l":[]}`), Bind: []contracts.Bind{bind}}).resolve()
			e, ok := errors.AsType[*contracts.Error](err)
			if !ok || e.Code != contracts.CodeValidation || e.Offender != "x" {
				t.Errorf("got %v, want VALIDATION_ERROR naming x", err)
			}
		})
	}
}

// TestResolvePassesOnErrorsOfTheStore keeps a store that failed apart from a
// unit that can never run.
func TestResolvePassesOnErrorsOfTheStore(t *testing.T) {
	b := newBench(t, map[contracts.UnitID]string{"a": `{}`}).add(contracts.WorkUnit{Bind: []contracts.Bind{{From: "a", To: "/in"}}})
	p, err := dag.Compile(&b.graph)
	if err != nil {
		t.Fatal(err)
	}
	run, _ := dag.Start(p)
	run.End(0, dag.Ending{State: contracts.UnitSuccess, Reason: contracts.StopSuccess})
	broken := errors.New("disk is gone")
	src := b.source(p)
	src.Bytes = func(cid.Cid) ([]byte, error) { return nil, broken }
	if _, err := run.Resolve(1, src); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	src.Program = func(int) (cid.Cid, string, error) { return cid.Undef, "", broken }
	if _, err := run.Resolve(1, src); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestResolveMountsBlobs(t *testing.T) {
	literal := contracts.Link{Cid: dagcbor.RawCID([]byte("literal"))}
	b := newBench(t, map[contracts.UnitID]string{"a": "not JSON at all", "s": ""}).add(contracts.WorkUnit{
		Blobs: map[string]contracts.Link{"l": literal},
		Bind:  []contracts.Bind{{From: "a", Blob: "out"}, {From: "s", Blob: "none"}},
	})
	r, err := b.resolve()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]contracts.Link{"l": literal, "out": {Cid: dagcbor.RawCID([]byte("not JSON at all"))}}
	if !maps.Equal(r.Invocation.Blobs, want) {
		t.Errorf("blobs are %v, want %v", r.Invocation.Blobs, want)
	}
	if len(b.reads) > 0 {
		t.Error("a blob was read to mount it")
	}
	if len(b.graph.WorkUnits[2].Blobs) != 1 {
		t.Error("the graph's own blobs changed")
	}
}

func TestResolveSpillsLongInput(t *testing.T) {
	for _, n := range []int{contracts.InlineBytes, contracts.InlineBytes + 1} {
		input := `{"k":"` + strings.Repeat("v", n-len(`{"k":""}`)) + `"}`
		r, err := newBench(t, nil).add(contracts.WorkUnit{Input: contracts.JSON(input)}).resolve()
		if err != nil {
			t.Fatal(err)
		}
		p := r.Invocation.Input
		if n <= contracts.InlineBytes {
			if string(p.Inline) != input || p.Link.Defined() || r.Spill != nil {
				t.Errorf("an input of %d bytes does not stand inline", n)
			}
			continue
		}
		if p.Inline != nil || p.Link.Cid != dagcbor.RawCID([]byte(input)) || string(r.Spill) != input {
			t.Errorf("an input of %d bytes is not a link to its block", n)
		}
		if !slices.Contains(r.Invocation.Needs(), p.Link.Cid) {
			t.Error("the input's block is not needed")
		}
	}
}

// TestResolveFillsDefaults checks what comes from the unit and what from the
// profile; nothing comes from what is left of a budget.
func TestResolveFillsDefaults(t *testing.T) {
	b := newBench(t, nil).add(contracts.WorkUnit{})
	b.graph.Budgets.MaxFuel = new(int64(5))
	r, err := b.resolve()
	if err != nil {
		t.Fatal(err)
	}
	inv := r.Invocation
	if inv.V != 1 || inv.Profile != "det-1" || inv.Module.Cid != module || inv.Entry != "main" || inv.Fuel != contracts.DefaultFuel || inv.MemoryPages != contracts.DefaultMemoryPages {
		t.Errorf("invocation is %+v", inv)
	}
	if back, unit, err := contracts.DecodeInvocation(r.Block); err != nil || unit != r.Unit || back.Fuel != inv.Fuel {
		t.Errorf("the block decodes as %+v, %s (%v)", back, unit, err)
	}
	r, err = newBench(t, nil).add(contracts.WorkUnit{Constraints: &contracts.Constraints{Fuel: new(int64(7)), MemoryMB: new(int64(3))}}).resolve()
	if err != nil || r.Invocation.Fuel != 7 || r.Invocation.MemoryPages != 3*contracts.PagesPerMB {
		t.Errorf("invocation is %+v (%v)", r.Invocation, err)
	}
}

// TestEqualComputationsHaveOneUnitCID builds the same computation in two graphs
// that share nothing else.
func TestEqualComputationsHaveOneUnitCID(t *testing.T) {
	a, err := newBench(t, map[contracts.UnitID]string{"a": `{"n":1}`}).add(contracts.WorkUnit{
		Bind: []contracts.Bind{{From: "a", Select: "/n", To: "/n"}}, Priority: contracts.P0, Name: "bound",
	}).resolve()
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBench(t, nil).add(contracts.WorkUnit{
		Input: contracts.JSON(`{"n":1}`), Constraints: &contracts.Constraints{Fuel: new(int64(contracts.DefaultFuel))},
	}).resolve()
	if err != nil {
		t.Fatal(err)
	}
	if a.Unit != b.Unit || !bytes.Equal(a.Block, b.Block) {
		t.Errorf("one computation is %s and %s", a.Unit, b.Unit)
	}
}
