package ir

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jcs"
)

// Options are what a document does not say and its graph depends on.
type Options struct {
	// RequestID and Tenant are the graph's idempotency anchor; GraphID is derived
	// from the document and them where it is empty.
	RequestID string
	Tenant    contracts.TenantID
	CreatedAt contracts.Time
	// Input is the run's input, which "$.name" in a task's in and bindings refer
	// to. Nil leaves such texts as they are.
	Input map[string]any
	// Adapters says which model stands behind an adapter's name. One that is not
	// here cannot be called: a task that needs it is refused, an escalation to it
	// ends with escalation_adapter_missing.
	Adapters map[string]Model
	// Nodes are typed bindings beside the document, nil without.
	Nodes *Nodes
	// Retrieved returns what is known under a key of gate retrieval; nil knows
	// nothing. How long it is known is its owner's business.
	Retrieved func(key string) (contracts.JSON, bool)
}

// Model is what an adapter's name stands for.
type Model struct {
	Tier contracts.ModelTier
	Name string
}

// Imported is a document as a graph, with what is needed to tell its run in
// upstream's words. It must not be changed.
type Imported struct {
	Graph *contracts.TaskGraph

	doc   *Graph
	order []string
	parts map[string]*part
}

// part is what a task became.
type part struct {
	task *Task
	// ends are the units one of which has the task's output, in order of
	// preference; all but the last may fail without harm.
	ends []contracts.UnitID
	// tries are the attempts in order; skip the unit that stands for the task when
	// its skip_if holds.
	tries []try
	skip  contracts.UnitID
}

// try is one attempt: its model calls with their verdicts, and the unit that
// checks the output.
type try struct {
	calls []call
	check contracts.UnitID
}

type call struct {
	unit, verdict contracts.UnitID // verdict is empty where nothing is decided
	adapter       string
	step          int // of the escalation
}

// builder makes the units.
type builder struct {
	doc  *Graph
	o    *Options
	out  *Imported
	used map[contracts.UnitID]bool
	// read are the tasks whose output another one looks into. They have one end.
	read    map[string]bool
	schemas map[*Task]contracts.JSON
	calls   int64
}

// Import makes the graph of a document. The document must be Decode's. Errors are
// VALIDATION_ERROR, or UNSUPPORTED for what no graph can do, and name the task.
func Import(doc *Graph, o Options) (*Imported, error) {
	order, err := doc.Order()
	if err != nil {
		return nil, err
	}
	b := &builder{
		doc: doc, o: &o, used: map[contracts.UnitID]bool{}, read: map[string]bool{}, schemas: map[*Task]contracts.JSON{},
		out: &Imported{doc: doc, order: order, parts: map[string]*part{}},
	}
	if err := b.begin(); err != nil {
		return nil, err
	}
	tasks := map[string]*Task{}
	for i := range doc.Tasks {
		tasks[doc.Tasks[i].ID] = &doc.Tasks[i]
	}
	for _, id := range order {
		p := &part{task: tasks[id]}
		b.out.parts[id] = p
		if p.task.Run.Kind == "det" {
			err = b.det(p)
		} else {
			err = b.llm(p)
		}
		if err != nil {
			return nil, err
		}
	}
	g := b.out.Graph
	for _, end := range slices.Backward(b.out.parts[doc.Root].ends) {
		g.Outputs.Final = append(g.Outputs.Final, contracts.FinalOutput{WorkUnitID: end, Select: result})
	}
	if b.calls > 0 {
		g.Budgets.MaxLLMCalls = &b.calls
	}
	return b.out, nil
}

// result is where a unit of json/query has its output.
const result = "/results/0"

func (b *builder) begin() error {
	b.out.Graph = &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "kora-ir/" + Version, RequestID: b.o.RequestID, TenantID: b.o.Tenant,
		CreatedAt: b.o.CreatedAt, WorkUnits: make([]contracts.WorkUnit, 0, b.doc.units()), GraphID: uuid.NewSHA1(uuid.NameSpaceOID, append([]byte(b.o.RequestID+"\x00"), b.doc.canonical...)).String(),
	}
	for i := range b.doc.Tasks {
		t := &b.doc.Tasks[i]
		if t.Run.Spec.Input["skip_if"] != nil || readsDeps[t.Run.Spec.Handler] {
			for _, d := range t.Deps {
				b.read[d] = true
			}
		}
	}
	return b.checkNodes()
}

// units is about how many units the document becomes.
func (g *Graph) units() int {
	n := 0
	for i := range g.Tasks {
		t := &g.Tasks[i]
		attempts := 1
		if t.Policy.OnFail == "retry" {
			attempts += limitsOf(g, t).retries
		}
		if t.Run.Kind == "llm" {
			attempts *= 2 // a call and its check
			attempts += 2 // what skips them
		}
		n += attempts
	}
	return n
}

// unit adds a unit and returns it. Its id is the task's with a role behind it, or
// another where that is taken or no id.
func (b *builder) unit(task, role string, kind contracts.UnitType) *contracts.WorkUnit {
	id := contracts.UnitID(task + role)
	for n := 0; !id.Valid() || b.used[id]; n++ {
		id = contracts.UnitID(fmt.Sprintf("unit.%d%s", len(b.out.Graph.WorkUnits)+n, role))
	}
	b.used[id] = true
	b.out.Graph.WorkUnits = append(b.out.Graph.WorkUnits, contracts.WorkUnit{ID: id, Name: clip(task + role), Type: kind})
	return &b.out.Graph.WorkUnits[len(b.out.Graph.WorkUnits)-1]
}

func clip(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "")
	}
	return s
}

// query adds a unit that runs a jq program over a document.
func (b *builder) query(task, role, program string, document map[string]any) *contracts.WorkUnit {
	u := b.unit(task, role, contracts.Deterministic)
	u.Program = &contracts.Program{Task: "json/query@1"}
	u.Input = object(map[string]any{"document": map[string]any{"value": document}, "query": program, "limit": 1})
	return u
}

// handle adds a unit that runs a native handler.
func (b *builder) handle(task, role, handler string, input map[string]any) *contracts.WorkUnit {
	u := b.unit(task, role, contracts.Deterministic)
	u.Program = &contracts.Program{Task: "ir/handle@1"}
	input["handler"] = handler
	u.Input = object(input)
	return u
}

// where a document's members are bound to.
func at(path string) string { return "/document/value" + path }

// place is where a member of a unit's input is bound to.
func place(u *contracts.WorkUnit, path string) string {
	if u.Program.Task == "ir/handle@1" {
		return path
	}
	return at(path)
}

func object(v any) contracts.JSON {
	j, err := contracts.JSONOf(v)
	if err != nil {
		panic(fmt.Sprintf("ir: input: %v", err)) // made of values that were decoded from JSON
	}
	return j
}

// after makes a unit wait for everything the task depends on. Ends that may fail
// without harm are waited for whatever becomes of them.
func (b *builder) after(u *contracts.WorkUnit, t *Task) {
	for _, d := range slices.Compact(slices.Sorted(slices.Values(t.Deps))) {
		ends := b.out.parts[d].ends
		for k, end := range ends {
			u.Dependencies = append(u.Dependencies, end)
			if k < len(ends)-1 && b.out.parts[d].skip == "" {
				u.When = append(u.When, contracts.Condition{Dependency: end, Condition: contracts.Always})
			}
		}
	}
}

// bindDeps gives a unit the outputs of the task's dependencies, under deps.
func (b *builder) bindDeps(u *contracts.WorkUnit, t *Task) {
	for _, d := range slices.Compact(slices.Sorted(slices.Values(t.Deps))) {
		for k, end := range b.out.parts[d].ends {
			u.Bind = append(u.Bind, contracts.Bind{From: end, Select: result, To: place(u, fmt.Sprintf("/deps/%s/%d", escape(d), k))})
		}
	}
}

func escape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
}

// emptyDeps is what bindDeps binds into.
func (b *builder) emptyDeps(t *Task) map[string]any {
	deps := map[string]any{}
	for _, d := range t.Deps {
		deps[d] = make([]any, len(b.out.parts[d].ends))
	}
	return deps
}

// wrap makes a schema of an output one of the unit that has it in results. Its own
// references keep meaning itself. Schemas are in canonical form, as Decode leaves them,
// and so is what wrap returns, put together as text.
func wrap(all ...json.RawMessage) contracts.JSON {
	var parts []byte
	for i, s := range all {
		if !isObject(s) {
			continue
		}
		if len(parts) > 0 {
			parts = append(parts, ',')
		}
		parts = appendNamed(parts, s, fmt.Sprintf(`"urn:kora:output:%d"`, i))
	}
	if len(parts) == 0 {
		return nil
	}
	const before, after = `{"properties":{"results":{"minItems":1,"prefixItems":[{"allOf":[`, `]}],"type":"array"}},"required":["results"],"type":"object"}`
	return slices.Concat([]byte(before), parts, []byte(after))
}

// appendNamed appends a schema that has an $id, which is id if it says none. It says no
// $schema: other drafts' names of the vocabulary would need their meta-schemas.
func appendNamed(b []byte, schema json.RawMessage, id string) []byte {
	first, named := true, false
	begin := func() {
		if !first {
			b = append(b, ',')
		}
		first = false
	}
	put := func() {
		if !named {
			begin()
			b = append(append(b, `"$id":`...), id...)
			named = true
		}
	}
	b = append(b, '{')
	c := jcs.NewCursor(schema)
	c.Next('{')
	for !c.Next('}') {
		c.Next(',')
		start := c.Offset()
		name := c.NameBytes()
		c.Skip()
		if string(name) == "$schema" {
			continue
		}
		if named = named || string(name) == "$id"; string(name) > "$id" {
			put()
		}
		begin()
		b = append(b, schema[start:c.Offset()]...)
	}
	put()
	return append(b, '}')
}

// rules are verify.rules as a schema.
func rules(v *Verify) json.RawMessage {
	if v == nil || len(v.Rules) == 0 {
		return nil
	}
	required, ranges := []string{}, map[string]any{}
	for _, r := range v.Rules {
		for _, p := range r.Paths {
			required = append(required, member(p))
		}
		if r.Kind == "range" {
			ranges[member(r.Path)] = map[string]any{"type": "number", "minimum": *r.Min, "maximum": *r.Max}
		}
	}
	slices.Sort(required)
	return json.RawMessage(object(map[string]any{"required": slices.Compact(required), "properties": ranges}))
}

func member(path string) string { return strings.TrimPrefix(path, "$.") }
