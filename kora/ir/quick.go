package ir

import (
	"strconv"
	"strings"

	"github.com/krako-labs/krako/contracts/jcs"
)

// A document of the IR is read by hand in one pass over its canonical form, which is
// known to be sound. The struct tags stay the definition: whatever has another kind
// than most documents have it, and any name that encoding/json would take for one of
// these, is left to it, with the whole document. TestQuickIsUnmarshal and
// FuzzQuick hold the two against each other.

// readQuick reads a canonical document; it reports false, and leaves g as it is, where
// that is not its business. Schemas are parts of the document's memory.
func readQuick(canonical []byte, g *Graph) bool {
	r := quick{Cursor: jcs.NewCursor(canonical)}
	var read Graph
	r.graph(&read)
	if r.odd {
		return false
	}
	*g = read
	return true
}

// quick reads what it is asked for. Once it met something odd, what it returns is
// nonsense, but it goes on to the end: it never leaves the document.
type quick struct {
	*jcs.Cursor
	odd bool
}

// members calls member with every name of the object that comes next; member consumes
// the value, or reports false for a name that is none of those given.
func (r *quick) members(names []string, member func(name string)) {
	if !r.Next('{') {
		r.strange()
		return
	}
	for !r.Next('}') {
		r.Next(',')
		name := r.NameBytes()
		known := ""
		for _, n := range names {
			if string(name) == n {
				known = n
				break
			}
		}
		if known != "" {
			member(known)
			continue
		}
		// encoding/json takes names in any case.
		for _, n := range names {
			r.odd = r.odd || strings.EqualFold(n, string(name))
		}
		r.Skip()
	}
}

// strange passes over a value that is not of the kind that it mostly is.
func (r *quick) strange() {
	r.odd = true
	r.Skip()
}

var (
	graphNames  = []string{"defaults", "graph_id", "root", "tasks", "version"}
	budgetNames = []string{"max_retries", "max_time_ms", "max_tokens"}
	taskNames   = []string{"deps", "id", "in", "policy", "run", "tags", "type", "verify"}
	runNames    = []string{"kind", "spec"}
	specNames   = []string{"adapter", "args", "handler", "input", "output_schema"}
	verifyNames = []string{"rules", "schema"}
	ruleNames   = []string{"kind", "max", "min", "path", "paths"}
	policyNames = []string{"adaptive", "budget", "on_fail"}
)

func (r *quick) graph(g *Graph) {
	r.members(graphNames, func(name string) {
		switch name {
		case "defaults":
			g.Defaults = new(Default)
			r.members([]string{"budget"}, func(string) { g.Defaults.Budget = r.budget() })
		case "graph_id":
			g.ID = r.text()
		case "root":
			g.Root = r.text()
		case "tasks":
			g.Tasks = []Task{}
			r.list(func() {
				g.Tasks = append(g.Tasks, Task{})
				r.task(&g.Tasks[len(g.Tasks)-1])
			})
		case "version":
			g.Version = r.text()
		}
	})
}

func (r *quick) budget() *Budget {
	b := new(Budget)
	r.members(budgetNames, func(name string) {
		n := new(r.integer())
		switch name {
		case "max_retries":
			b.MaxRetries = n
		case "max_time_ms":
			b.MaxTimeMS = n
		case "max_tokens":
			b.MaxTokens = n
		}
	})
	return b
}

func (r *quick) task(t *Task) {
	r.members(taskNames, func(name string) {
		switch name {
		case "deps":
			t.Deps = r.texts()
		case "id":
			t.ID = r.text()
		case "in":
			t.In = r.object()
		case "policy":
			r.policy(&t.Policy)
		case "run":
			r.run(&t.Run)
		case "tags":
			t.Tags = r.texts()
		case "type":
			t.Type = r.text()
		case "verify":
			t.Verify = new(Verify)
			r.verify(t.Verify)
		}
	})
}

func (r *quick) run(run *Run) {
	r.members(runNames, func(name string) {
		if name == "kind" {
			run.Kind = r.text()
			return
		}
		r.members(specNames, func(name string) {
			s := &run.Spec
			switch name {
			case "adapter":
				s.Adapter = r.text()
			case "args":
				s.Args = r.object()
			case "handler":
				s.Handler = r.text()
			case "input":
				s.Input = r.object()
			case "output_schema":
				s.OutputSchema = r.schema()
			}
		})
	})
}

func (r *quick) verify(v *Verify) {
	r.members(verifyNames, func(name string) {
		if name == "schema" {
			v.Schema = r.schema()
			return
		}
		v.Rules = []Rule{}
		r.list(func() {
			v.Rules = append(v.Rules, Rule{})
			rule := &v.Rules[len(v.Rules)-1]
			r.members(ruleNames, func(name string) {
				switch name {
				case "kind":
					rule.Kind = r.text()
				case "max":
					rule.Max = new(r.number())
				case "min":
					rule.Min = new(r.number())
				case "path":
					rule.Path = r.text()
				case "paths":
					rule.Paths = r.texts()
				}
			})
		})
	})
}

func (r *quick) policy(p *Policy) {
	r.members(policyNames, func(name string) {
		switch name {
		case "adaptive":
			r.strange() // few tasks have one, and it has sixteen members
		case "budget":
			p.Budget = r.budget()
		case "on_fail":
			p.OnFail = r.text()
		}
	})
}

// list calls element with each element of the array that comes next, which element
// consumes.
func (r *quick) list(element func()) {
	if !r.Next('[') {
		r.strange()
		return
	}
	for !r.Next(']') {
		r.Next(',')
		element()
	}
}

func (r *quick) texts() []string {
	list := []string{}
	r.list(func() { list = append(list, r.text()) })
	return list
}

func (r *quick) text() string {
	if r.Peek() != '"' {
		r.strange()
		return ""
	}
	return r.Text()
}

// integer reads a number as json.Unmarshal reads one into an int64.
func (r *quick) integer() int64 {
	n, err := strconv.ParseInt(string(r.Skip()), 10, 64)
	r.odd = r.odd || err != nil
	return n
}

func (r *quick) number() float64 {
	f, err := strconv.ParseFloat(string(r.Skip()), 64)
	r.odd = r.odd || err != nil
	return f
}

// schema returns a value as it stands.
func (r *quick) schema() []byte {
	v := r.Skip()
	return v[:len(v):len(v)]
}

func (r *quick) object() map[string]any {
	if r.Peek() != '{' {
		r.strange()
		return nil
	}
	return r.any().(map[string]any)
}

// any reads a value as json.Unmarshal reads one into an interface: every number is a
// float64.
func (r *quick) any() any {
	switch r.Peek() {
	case '{':
		m := map[string]any{}
		r.Next('{')
		for !r.Next('}') {
			r.Next(',')
			name := r.Name()
			m[name] = r.any()
		}
		return m
	case '[':
		list := []any{}
		r.list(func() { list = append(list, r.any()) })
		return list
	case '"':
		return r.Text()
	case 't':
		r.Skip()
		return true
	case 'f':
		r.Skip()
		return false
	case 'n':
		r.Skip()
		return nil
	}
	return r.number()
}
