package ir

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/krako-labs/krako/contracts"
)

// nodesVersion is the version of typed bindings that are read.
const nodesVersion = "kora.node-execution/v1"

// Nodes are typed bindings: where each task's input comes from, and the schemas
// of what goes in and comes out.
type Nodes struct {
	SchemaVersion string          `json:"schema_version"`
	Nodes         map[string]Node `json:"nodes"`
}

// Node is what is bound for one task.
type Node struct {
	Bindings     map[string]Binding `json:"bindings"`
	InputSchema  json.RawMessage    `json:"input_schema"`
	OutputSchema json.RawMessage    `json:"output_schema"`
}

// Binding takes a value from the run's input or from another task's output.
type Binding struct {
	Source string   `json:"source"` // input or node
	Node   string   `json:"node"`
	Path   []string `json:"path"`
}

// DecodeNodes reads typed bindings. What they bind is checked by Import.
func DecodeNodes(data []byte) (*Nodes, error) {
	n := new(Nodes)
	if _, err := decode(data, "node execution", n); err != nil {
		return nil, err
	}
	if n.SchemaVersion != nodesVersion {
		return nil, invalid("schema_version", "is %q, want %q", n.SchemaVersion, nodesVersion)
	}
	return n, nil
}

// checkNodes checks bindings against the document, and marks whose outputs are
// read.
func (b *builder) checkNodes() error {
	if b.o.Nodes == nil {
		return nil
	}
	tasks := map[string]*Task{}
	for i := range b.doc.Tasks {
		tasks[b.doc.Tasks[i].ID] = &b.doc.Tasks[i]
	}
	for _, id := range slices.Sorted(maps.Keys(b.o.Nodes.Nodes)) {
		t := tasks[id]
		if t == nil {
			return invalid(id, "has bindings and is no task")
		}
		if t.Run.Kind != "det" {
			return contracts.Errorf(contracts.CodeUnsupported, id, "bindings of llm tasks are not defined")
		}
		n := b.o.Nodes.Nodes[id]
		for _, name := range slices.Sorted(maps.Keys(n.Bindings)) {
			switch bd := n.Bindings[name]; {
			case bd.Source == "input":
			case bd.Source != "node":
				return invalid(id, "binding %s is from %q, want input or node", name, bd.Source)
			case !slices.Contains(t.Deps, bd.Node):
				return invalid(id, "binding %s is from %q, which is no dependency", name, bd.Node)
			default:
				b.read[bd.Node] = true
			}
		}
	}
	return nil
}

func (b *builder) node(t *Task) *Node {
	if b.o.Nodes == nil {
		return nil
	}
	if n, ok := b.o.Nodes.Nodes[t.ID]; ok {
		return &n
	}
	return nil
}

// source adds the unit that puts a task's input together, and checks it, where
// there is more to it than a literal. It returns no id where there is none.
func (b *builder) source(p *part) (contracts.UnitID, error) {
	t, n := p.task, b.node(p.task)
	var last contracts.UnitID
	if n != nil {
		in := b.in(t)
		for k, v := range args(t) {
			if _, ok := in[k]; !ok {
				in[k] = v
			}
		}
		u := b.query(t.ID, ":in", ".in", map[string]any{"in": in})
		b.after(u, t)
		for _, name := range slices.Sorted(maps.Keys(n.Bindings)) {
			bd := n.Bindings[name]
			if bd.Source == "input" {
				in[name] = lookup(b.o.Input, bd.Path)
				continue
			}
			pointer := result
			for _, m := range bd.Path {
				pointer += "/" + escape(m)
			}
			in[name] = nil
			u.Bind = append(u.Bind, contracts.Bind{From: b.out.parts[bd.Node].ends[0], Select: pointer, To: at("/in/" + escape(name))})
		}
		u.Input = object(map[string]any{"document": map[string]any{"value": map[string]any{"in": in}}, "query": ".in", "limit": 1})
		u.OutputSchema = wrap(n.InputSchema)
		b.bounds(u, limitsOf(b.doc, t), true)
		last = u.ID
	}
	if t.Run.Spec.Handler != "text.normalize" {
		return last, nil
	}
	return b.plain(t, last)
}

// plain adds the unit that takes a text to its compatibility form with line feeds,
// which text.normalize starts from.
func (b *builder) plain(t *Task, source contracts.UnitID) (contracts.UnitID, error) {
	in := map[string]any{"text": "", "form": "NFKC", "space": "keep", "quotes": "keep", "newline": "lf"}
	u := b.unit(t.ID, ":plain", contracts.Deterministic)
	u.Program = &contracts.Program{Task: "text/normalize@1"}
	if source == "" {
		s, ok := b.in(t)["text"].(string)
		if !ok {
			if s, ok = t.Run.Spec.Args["text"].(string); !ok {
				return "", invalid(t.ID, "text.normalize has no text")
			}
		}
		in["text"] = s
		b.after(u, t)
	} else {
		u.Dependencies = []contracts.UnitID{source}
		u.Bind = []contracts.Bind{{From: source, Select: result + "/text", To: "/text"}}
	}
	u.Input = object(in)
	b.bounds(u, limitsOf(b.doc, t), true)
	return u.ID, nil
}

// sourceOf and sourceTo are what a handler takes of the unit that source added,
// and under which name.
func sourceOf(t *Task) string {
	if t.Run.Spec.Handler == "text.normalize" {
		return "/text"
	}
	return result
}

func sourceTo(t *Task) string {
	if t.Run.Spec.Handler == "text.normalize" {
		return "plain"
	}
	return "in"
}
