package contracts

import (
	"bytes"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

// A graph may have 100,000 units, most of which say little: what those consist of
// is encoded by hand, everything rarer by dagcbor. The struct tags stay the
// definition, and TestHotGraphsAreMarshal holds the two against each other.

// appender appends the pairs of one map, in the canonical order that the caller
// keeps: by the length of names, then by bytes.
type appender struct {
	b   []byte
	at  int // where the head of the map stands
	n   int
	err error
}

// maxPairs is how many pairs a map has whose head is one byte.
const maxPairs = 23

func appendPairs(b []byte) appender { return appender{b: append(b, 0), at: len(b)} }

// done sets the head of the map.
func (a *appender) done() ([]byte, error) {
	copy(a.b[a.at:], dagcbor.AppendMap(nil, min(a.n, maxPairs)))
	return a.b, a.err
}

func (a *appender) text(name, s string) {
	a.n++
	a.b = dagcbor.AppendText(dagcbor.AppendText(a.b, name), s)
}

// some appends a text that is left out when it is empty.
func (a *appender) some(name, s string) {
	if s != "" {
		a.text(name, s)
	}
}

// value appends what is encoded by reflection.
func (a *appender) value(name string, v any) {
	if a.err != nil {
		return
	}
	var b []byte
	if b, a.err = dagcbor.Marshal(v); a.err == nil {
		a.n++
		a.b = append(dagcbor.AppendText(a.b, name), b...)
	}
}

func (a *appender) json(name string, j JSON) {
	if j.IsZero() {
		return
	}
	if b, ok := appendJSON(dagcbor.AppendText(a.b, name), j); ok {
		a.n++
		a.b = b
		return
	}
	a.value(name, j)
}

// append encodes a graph in its normal form.
func (g *TaskGraph) append(b []byte) ([]byte, error) {
	a := appendPairs(b)
	if len(g.Ext) > 0 {
		a.value("ext", g.Ext)
	}
	a.budgets(&g.Budgets)
	a.outputs(&g.Outputs)
	a.text("graph_id", g.GraphID)
	if g.Policies != nil {
		a.value("policies", g.Policies)
	}
	a.text("tenant_id", string(g.TenantID))
	a.time("created_at", g.CreatedAt)
	a.text("request_id", g.RequestID)
	a.n++
	a.b = dagcbor.AppendArray(dagcbor.AppendText(a.b, "work_units"), len(g.WorkUnits))
	for i := range g.WorkUnits {
		if a.err != nil {
			break
		}
		a.b, a.err = g.WorkUnits[i].append(a.b)
	}
	a.text("graph_version", g.GraphVersion)
	a.text("schema_version", g.SchemaVersion)
	return a.done()
}

func (u *WorkUnit) append(b []byte) ([]byte, error) {
	a := appendPairs(b)
	a.text("id", string(u.ID))
	a.binds(u.Bind)
	a.some("name", u.Name)
	a.text("type", string(u.Type))
	a.conditions(u.When)
	if len(u.Blobs) > 0 {
		a.value("blobs", u.Blobs)
	}
	a.json("input", u.Input)
	a.model(u.Model)
	a.program("program", u.Program)
	if u.Retries != nil {
		r := a.pairs("retries")
		r.count("backoff_ms", u.Retries.BackoffMS)
		r.count("max_attempts", int64(u.Retries.MaxAttempts))
		a.took(r)
	}
	a.bool("critical", u.Critical)
	a.some("priority", string(u.Priority))
	if u.Timeouts != nil {
		t := a.pairs("timeouts")
		t.integer("run_timeout_ms", u.Timeouts.RunMS)
		t.integer("dispatch_timeout_ms", u.Timeouts.DispatchMS)
		a.took(t)
	}
	a.bool("idempotent", u.Idempotent)
	if k := u.Constraints; k != nil {
		p := a.pairs("constraints")
		p.integer("fuel", k.Fuel)
		p.some("privacy", string(k.Privacy))
		p.integer("memory_mb", k.MemoryMB)
		p.integer("latency_ms", k.LatencyMS)
		p.integer("budget_tokens", k.BudgetTokens)
		if k.TrustedNodeRequired {
			p.bool("trusted_node_required", &k.TrustedNodeRequired)
		}
		a.took(p)
	}
	a.program("verify_with", u.VerifyWith)
	if len(u.Dependencies) > 0 {
		a.n++
		a.b = dagcbor.AppendArray(dagcbor.AppendText(a.b, "dependencies"), len(u.Dependencies))
		for _, d := range u.Dependencies {
			a.b = dagcbor.AppendText(a.b, string(d))
		}
	}
	a.json("output_schema", u.OutputSchema)
	if u.ExecutionHint != nil {
		a.value("execution_hint", u.ExecutionHint)
	}
	a.some("verification_mode", string(u.Verification))
	return a.done()
}

// integer appends a number that is left out when there is none.
func (a *appender) integer(name string, n *int64) {
	if n != nil {
		a.n++
		a.b = dagcbor.AppendInt(dagcbor.AppendText(a.b, name), *n)
	}
}

// count appends a number that is left out when it is 0.
func (a *appender) count(name string, n int64) {
	if n != 0 {
		a.integer(name, &n)
	}
}

func (a *appender) bool(name string, v *bool) {
	if v != nil {
		a.n++
		a.b = dagcbor.AppendBool(dagcbor.AppendText(a.b, name), *v)
	}
}

// float appends a number that is left out when there is none. One that is not finite
// is found by the check of the whole.
func (a *appender) float(name string, f *float64) {
	if f != nil {
		a.n++
		a.b = dagcbor.AppendFloat(dagcbor.AppendText(a.b, name), *f)
	}
}

func (a *appender) time(name string, t Time) {
	if err := t.checkYear(); err != nil {
		if a.err == nil {
			a.err = err
		}
		return
	}
	a.n++
	a.b = appendTime(dagcbor.AppendText(a.b, name), t)
}

// texts appends a list that is left out when it is empty.
func (a *appender) texts(name string, list []string) {
	if len(list) == 0 {
		return
	}
	a.list(name, len(list))
	for _, s := range list {
		a.b = dagcbor.AppendText(a.b, s)
	}
}

// pairs begins a map under a name, which took puts into a.
func (a *appender) pairs(name string) appender {
	a.n++
	return appendPairs(dagcbor.AppendText(a.b, name))
}

func (a *appender) took(p appender) {
	var err error
	if a.b, err = p.done(); a.err == nil {
		a.err = err
	}
}

// list begins an array under a name.
func (a *appender) list(name string, n int) {
	a.n++
	a.b = dagcbor.AppendArray(dagcbor.AppendText(a.b, name), n)
}

func (a *appender) budgets(b *Budgets) {
	p := a.pairs("budgets")
	p.integer("max_fuel", b.MaxFuel)
	p.integer("max_tokens", b.MaxTokens)
	p.some("max_cost_usd", b.MaxCostUSD)
	p.integer("max_cpu_units", b.MaxCPUUnits)
	p.integer("max_llm_calls", b.MaxLLMCalls)
	p.integer("max_latency_ms", b.MaxLatencyMS)
	a.took(p)
}

func (a *appender) outputs(o *Outputs) {
	if o.Final == nil {
		a.value("outputs", o) // which knows what that is
		return
	}
	p := a.pairs("outputs")
	p.list("final", len(o.Final))
	for _, f := range o.Final {
		q := appendPairs(p.b)
		q.some("select", f.Select)
		q.text("work_unit_id", string(f.WorkUnitID))
		p.took(q)
	}
	a.took(p)
}

func (a *appender) binds(binds []Bind) {
	if len(binds) == 0 {
		return
	}
	a.list("bind", len(binds))
	for _, e := range binds {
		p := appendPairs(a.b)
		p.some("to", e.To)
		p.some("blob", e.Blob)
		p.text("from", string(e.From))
		p.some("select", e.Select)
		a.took(p)
	}
}

func (a *appender) conditions(when []Condition) {
	if len(when) == 0 {
		return
	}
	if slices.ContainsFunc(when, func(c Condition) bool { return c.Threshold != nil }) {
		a.value("when", when)
		return
	}
	a.list("when", len(when))
	for _, c := range when {
		p := appendPairs(a.b)
		if c.Not {
			p.bool("not", &c.Not)
		}
		p.json("value", c.Value)
		p.some("select", c.Select)
		p.text("condition", string(c.Condition))
		p.text("dependency", string(c.Dependency))
		a.took(p)
	}
}

func (a *appender) model(m *ModelCall) {
	if m == nil {
		return
	}
	p := a.pairs("model")
	p.some("name", m.Name)
	p.integer("seed", m.Seed)
	p.texts("stop", m.Stop)
	p.text("tier", string(m.Tier))
	if len(m.Tools) > 0 {
		p.value("tools", m.Tools)
	}
	p.float("top_p", m.TopP)
	p.some("prompt", m.Prompt)
	p.some("system", m.System)
	p.evidence(m.Evidence)
	p.messages(m.Messages)
	if m.FreeText {
		p.bool("free_text", &m.FreeText)
	}
	p.text("operation", string(m.Operation))
	p.count("max_tokens", m.MaxTokens)
	p.float("temperature", m.Temperature)
	a.took(p)
}

func (a *appender) evidence(all []Evidence) {
	if len(all) == 0 {
		return
	}
	a.list("evidence", len(all))
	for i := range all {
		p := appendPairs(a.b)
		p.text("text", all[i].Text)
		p.text("label", all[i].Label)
		a.took(p)
	}
}

func (a *appender) messages(all []Message) {
	if len(all) == 0 {
		return
	}
	a.list("messages", len(all))
	for i := range all {
		p := appendPairs(a.b)
		p.text("role", all[i].Role)
		p.text("content", all[i].Content)
		a.took(p)
	}
}

func (a *appender) program(name string, p *Program) {
	if p == nil {
		return
	}
	if p.Module != nil && !p.Module.Defined() {
		a.value(name, p) // which refuses it
		return
	}
	q := appendPairs(dagcbor.AppendText(a.b, name))
	q.some("task", p.Task)
	q.some("entry", p.Entry)
	if p.Module != nil {
		q.n++
		q.b = dagcbor.AppendLink(dagcbor.AppendText(q.b, "module"), *p.Module)
	}
	a.n++
	a.b, _ = q.done() // text and a link: nothing that fails
}

// appendJSON encodes the value that a JSON text stands for, as JSON.MarshalCBOR
// does. It knows no white space, no escape but those of two characters, no number but
// small integers and no more than maxPlainDepth levels; ok is false where it meets one
// of those, and for what is no JSON.
func appendJSON(b []byte, text JSON) (out []byte, ok bool) {
	c := jsonText{in: text, out: b}
	ok = c.value(0) && c.pos == len(text)
	return c.out, ok
}

// jsonText is a place in a JSON text that is being encoded.
type jsonText struct {
	in  []byte
	pos int
	out []byte
}

const (
	maxPlainDepth  = 32
	maxPlainDigits = 15 // fewer than the largest integer has
)

func (c *jsonText) next(b byte) bool {
	if c.pos == len(c.in) || c.in[c.pos] != b {
		return false
	}
	c.pos++
	return true
}

func (c *jsonText) value(depth int) bool {
	if c.pos == len(c.in) {
		return false
	}
	switch c.in[c.pos] {
	case '"':
		return c.text()
	case '{':
		return depth < maxPlainDepth && c.object(depth+1)
	case '[':
		return depth < maxPlainDepth && c.array(depth+1)
	case 't':
		c.out = dagcbor.AppendBool(c.out, true)
		return c.word("true")
	case 'f':
		c.out = dagcbor.AppendBool(c.out, false)
		return c.word("false")
	case 'n':
		c.out = dagcbor.AppendNull(c.out)
		return c.word("null")
	}
	return c.integer()
}

func (c *jsonText) word(w string) bool {
	if !bytes.HasPrefix(c.in[c.pos:], []byte(w)) {
		return false
	}
	c.pos += len(w)
	return true
}

// text consumes a string and appends it.
func (c *jsonText) text() bool {
	if !c.next('"') {
		return false
	}
	start, escapes := c.pos, 0
	for ; c.pos < len(c.in); c.pos++ {
		switch b := c.in[c.pos]; {
		case b == '"':
			s := c.in[start:c.pos]
			c.pos++
			c.out = dagcbor.AppendTextHead(c.out, len(s)-escapes)
			if escapes > 0 {
				return c.unescape(s)
			}
			c.out = append(c.out, s...)
			return true
		case b == '\\':
			escapes++
			c.pos++ // over what is escaped
		case b < ' ':
			return false
		}
	}
	return false
}

// unescape appends what a string says that has escapes.
func (c *jsonText) unescape(s []byte) bool {
	for i := 0; i < len(s); i++ {
		b := s[i]
		if b == '\\' {
			i++ // the string goes on: text found its end behind this
			at := strings.IndexByte(escaped, s[i])
			if at < 0 {
				return false
			}
			b = meant[at]
		}
		c.out = append(c.out, b)
	}
	return true
}

// The escapes of two characters, and what they mean.
const escaped, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"

func (c *jsonText) integer() bool {
	negative := c.next('-')
	start, n := c.pos, int64(0)
	for c.pos < len(c.in) && c.in[c.pos] >= '0' && c.in[c.pos] <= '9' {
		n = 10*n + int64(c.in[c.pos]-'0')
		if c.pos++; c.pos-start > maxPlainDigits {
			return false
		}
	}
	if c.pos == start || c.in[start] == '0' && (c.pos-start > 1 || negative) {
		return false
	}
	if c.pos < len(c.in) && (c.in[c.pos] == '.' || c.in[c.pos] == 'e' || c.in[c.pos] == 'E') {
		return false
	}
	if negative {
		n = -n
	}
	c.out = dagcbor.AppendInt(c.out, n)
	return true
}

func (c *jsonText) array(depth int) bool {
	c.pos++
	at, n := len(c.out), 0
	for ; !c.next(']'); n++ {
		if n > 0 && !c.next(',') || !c.value(depth) {
			return false
		}
	}
	c.out = slices.Insert(c.out, at, dagcbor.AppendArray(nil, n)...)
	return true
}

// pairAt is where a member stands in the encoding.
type pairAt struct{ key, value, end int }

func (c *jsonText) object(depth int) bool {
	c.pos++
	at, inOrder := len(c.out), true
	var few [8]pairAt
	pairs := few[:0]
	for !c.next('}') {
		if len(pairs) > 0 && !c.next(',') {
			return false
		}
		key := len(c.out)
		if !c.text() || !c.next(':') {
			return false
		}
		p := pairAt{key: key, value: len(c.out)}
		if !c.value(depth) {
			return false
		}
		p.end = len(c.out)
		pairs = append(pairs, p)
		if n := len(pairs); n > 1 {
			// A head and its text order as length, then bytes do.
			inOrder = inOrder && bytes.Compare(c.name(pairs[n-2]), c.name(p)) < 0
		}
	}
	if !inOrder && !c.sort(at, pairs) {
		return false
	}
	c.out = slices.Insert(c.out, at, dagcbor.AppendMap(nil, len(pairs))...)
	return true
}

func (c *jsonText) name(p pairAt) []byte { return c.out[p.key:p.value] }

// sort puts the members that begin at at in order; it reports false if two have
// one name.
func (c *jsonText) sort(at int, pairs []pairAt) bool {
	slices.SortFunc(pairs, func(a, b pairAt) int { return bytes.Compare(c.name(a), c.name(b)) })
	var room [1 << 10]byte // most objects are small
	sorted := room[:0]
	for i, p := range pairs {
		if i > 0 && bytes.Equal(c.name(pairs[i-1]), c.name(p)) {
			return false
		}
		sorted = append(sorted, c.out[p.key:p.end]...)
	}
	copy(c.out[at:], sorted)
	return true
}
