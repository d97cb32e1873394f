package conformance

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/contracts"
)

// identity is which things are the same: sessions of a request, spellings of a
// graph, computations wherever they stand, and results every time.
func identity() []test {
	return []test{
		{"same_request", sameRequest},
		{"same_request_at_once", sameRequestAtOnce},
		{"other_graph", func(c *trial) {
			g := chain(c, 1)
			c.execute(g)
			other := chain(c, 2)
			other.RequestID, other.GraphID = g.RequestID, g.GraphID
			_, err := c.Backend.Execute(c.ctx, other, contracts.ExecutionContext{}, nil)
			c.wantError(err, contracts.CodeConflict, "")
		}},
		{"spelling", spelling},
		{"INV4_graph_is_left_alone", func(c *trial) {
			g := diamond(c)
			g.Budgets.MaxCPUUnits, g.Budgets.MaxFuel = new(int64(100)), new(int64(1_000_000_000_000))
			before, _ := json.Marshal(g)
			c.execute(g)
			after, _ := json.Marshal(g)
			if string(before) != string(after) {
				c.Errorf("the graph was changed to %s", after)
			}
		}},
		{"same_results", sameResults},
		{"same_unit_anywhere", sameUnit},
		{"other_unit", otherUnit},
		{"isolation", func(c *trial) { // what one run leaves in memory no other sees
			o := c.compare(graph(c.unit("a", "runs"), c.unit("b", "runs", bind("a", "", "/x")), c.unit("c", "runs", bind("b", "", "/x"))))
			c.wantAnswer(o, "c", `{"runs":1}`)
		}},
		{"chance_and_time", func(c *trial) {
			o := c.compare(graph(c.unit("a", "chance"), c.unit("b", "chance", bind("a", "/random", "/x"))))
			if a, b := o.task("a").Output, o.task("b").Output; a == nil || b == nil || a.CID.Equals(b.CID.Cid) {
				c.Errorf("two units have the same chance: %v, %v", a, b)
			}
		}},
	}
}

// sameRequest: a request that comes again gets its session, with all of its
// story.
func sameRequest(c *trial) {
	g := diamond(c)
	first, again := c.execute(g), c.execute(g)
	if first.events[0].SessionID != again.events[0].SessionID {
		c.Errorf("request got sessions %s and %s", first.events[0].SessionID, again.events[0].SessionID)
	}
	if d := cmp.Diff(jsonOf(c, first.ExecutionResult), jsonOf(c, again.ExecutionResult)); d != "" {
		c.Errorf("second result differs (-first +second):\n%s", d)
	}
	if d := cmp.Diff(ids(first.events), ids(again.events)); d != "" {
		c.Errorf("second story differs (-first +second):\n%s", d)
	}
}

// sameRequestAtOnce: of two that ask at once, one starts what both get.
func sameRequestAtOnce(c *trial) {
	g := fan(c, 8)
	type answer struct {
		r   *contracts.ExecutionResult
		err error
	}
	second := make(chan answer)
	go func() {
		r, err := c.Backend.Execute(c.ctx, g, contracts.ExecutionContext{}, nil)
		second <- answer{r, err}
	}()
	first := c.execute(g)
	a := <-second
	if a.err != nil {
		c.Fatal(a.err)
	}
	if d := cmp.Diff(jsonOf(c, first.ExecutionResult), jsonOf(c, a.r)); d != "" {
		c.Errorf("results differ (-first +second):\n%s", d)
	}
}

func jsonOf(c *trial, v any) string {
	c.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		c.Fatal(err)
	}
	return string(b)
}

func ids(events []contracts.Event) []string {
	list := make([]string, len(events))
	for i := range events {
		list[i] = events[i].ID
	}
	return list
}

// spelling: a graph has one graph_cid in every spelling, and so a request has
// one session.
func spelling(c *trial) {
	const plain = `{"schema_version":"1.0","graph_version":"v","graph_id":"GRAPH","request_id":"REQUEST","tenant_id":"conformance",
		"created_at":"2026-01-02T03:04:05Z","budgets":{"max_cpu_units":9},"outputs":{"final":[{"work_unit_id":"a"}]},
		"work_units":[{"id":"a","type":"deterministic","program":{"module":MODULE,"entry":"add"},"input":{"a":100,"b":[1,"x"]}}]}`
	const respelled = `{"work_units":[{"input":{"b":[1.0,"\u0078"],"a":1e2},"critical":true,"idempotent":true,"priority":"p2","verification_mode":"adaptive",
		"retries":{"max_attempts":3},"program":{"entry":"add","module":MODULE},"type":"deterministic","id":"a"}],
		"outputs":{"final":[{"select":"","work_unit_id":"a"}]},"policies":{"failure_policy":"fail_fast"},"budgets":{"max_cpu_units":9},
		"created_at":"2026-01-02T04:04:05.000+01:00","tenant_id":"conformance","request_id":"REQUEST","graph_id":"GRAPH","graph_version":"v","schema_version":"1.0"}`
	fresh := chain(c, 1)
	parse := func(doc string) *contracts.TaskGraph {
		module, _ := json.Marshal(c.reactor)
		doc = strings.NewReplacer("GRAPH", fresh.GraphID, "REQUEST", fresh.RequestID, "MODULE", string(module)).Replace(doc)
		g, err := contracts.ParseGraph([]byte(doc), contracts.DefaultLimits())
		if err != nil {
			c.Fatal(err)
		}
		return g
	}
	a, b := c.execute(parse(plain)), c.execute(parse(respelled))
	if a.Metadata.GraphCID != b.Metadata.GraphCID || a.events[0].SessionID != b.events[0].SessionID {
		c.Errorf("spellings have graph_cid %s and %s, sessions %s and %s",
			a.Metadata.GraphCID, b.Metadata.GraphCID, a.events[0].SessionID, b.events[0].SessionID)
	}
	c.wantAnswer(a, "a", `{"sum":101}`)
}

// sameResults: the same graph gives the same results in another session.
func sameResults(c *trial) {
	results := func(o *outcome) (list []string) {
		for i := range o.Telemetry.Tasks {
			list = append(list, o.Telemetry.Tasks[i].ResultCID)
		}
		return list
	}
	first, again := results(c.execute(fan(c, 10))), results(c.execute(fan(c, 10)))
	if slices.Contains(first, "") || !slices.Equal(first, again) {
		c.Errorf("results are %v, then %v", first, again)
	}
}

// sameUnit: a computation has one unit_cid, however its parts came together.
func sameUnit(c *trial) {
	literal := c.execute(graph(c.unit("a", "add", input(`{"m":2,"n":1}`)))).task("a")
	bound := graph(c.unit("x", "add", input(`{"n":2}`)), c.unit("y", "add", input(`{"n":1}`), bind("x", "/sum", "/m")))
	bound.Budgets.MaxFuel = new(int64(300_000_000_000)) // budgets are no part of it
	defaults := c.unit("z", "add", input(`{"m":2,"n":1}`), fuel(contracts.DefaultFuel), memory(contracts.DefaultMemoryPages/contracts.PagesPerMB),
		attempts(5), runTimeout(60_000), schema(`true`), noncritical)
	defaults.Type, defaults.Priority = contracts.Retrieval, contracts.P0
	for _, t := range []*contracts.TaskTelemetry{c.execute(bound).task("y"), c.execute(graph(defaults)).task("z")} {
		if t.UnitCID != literal.UnitCID || t.ResultCID != literal.ResultCID {
			c.Errorf("unit %s is %s with result %s, want %s with %s", t.TaskID, t.UnitCID, t.ResultCID, literal.UnitCID, literal.ResultCID)
		}
	}
}

// otherUnit: whatever a guest can see or what bounds it makes another
// computation.
func otherUnit(c *trial) {
	block := contracts.Link{Cid: c.command.Cid}
	o := c.compare(graph(
		c.unit("a", "echo"), c.unit("entry", "runs"), c.unit("input", "echo", input(`{"n":1}`)), c.unit("fuel", "echo", fuel(contracts.DefaultFuel-1)),
		c.unit("memory", "echo", memory(65)), c.unit("blob", "echo", blob("b", block)), c.unit("name", "echo", blob("c", block)),
		c.unit("module", "echo", running(c.command)), c.unit("private", "echo", private),
	))
	seen := map[string]contracts.UnitID{}
	for i := range o.Telemetry.Tasks {
		t := &o.Telemetry.Tasks[i]
		if twin, ok := seen[t.UnitCID]; ok {
			c.Errorf("units %s and %s are both %s", twin, t.TaskID, t.UnitCID)
		}
		seen[t.UnitCID] = t.TaskID
	}
}
