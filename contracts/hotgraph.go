package contracts

import (
	"bytes"
	"slices"

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
	a.value("budgets", &g.Budgets)
	a.value("outputs", &g.Outputs)
	a.text("graph_id", g.GraphID)
	if g.Policies != nil {
		a.value("policies", g.Policies)
	}
	a.text("tenant_id", string(g.TenantID))
	a.value("created_at", g.CreatedAt)
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
	if len(u.Bind) > 0 {
		a.value("bind", u.Bind)
	}
	a.some("name", u.Name)
	a.text("type", string(u.Type))
	if len(u.When) > 0 {
		a.value("when", u.When)
	}
	if len(u.Blobs) > 0 {
		a.value("blobs", u.Blobs)
	}
	a.json("input", u.Input)
	if u.Model != nil {
		a.value("model", u.Model)
	}
	a.program("program", u.Program)
	if u.Retries != nil {
		a.value("retries", u.Retries)
	}
	if u.Critical != nil {
		a.value("critical", *u.Critical)
	}
	a.some("priority", string(u.Priority))
	if u.Timeouts != nil {
		a.value("timeouts", u.Timeouts)
	}
	if u.Idempotent != nil {
		a.value("idempotent", *u.Idempotent)
	}
	if u.Constraints != nil {
		a.value("constraints", u.Constraints)
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
// does. It knows no white space, no escape, no number but small integers and no
// more than maxPlainDepth levels; ok is false where it meets one of those, and for
// what is no JSON.
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
		s, ok := c.string()
		c.out = append(dagcbor.AppendTextHead(c.out, len(s)), s...)
		return ok
	case '{':
		return depth < maxPlainDepth && c.object(depth+1)
	case '[':
		return depth < maxPlainDepth && c.array(depth+1)
	case 't':
		return c.word("true", true)
	case 'f':
		return c.word("false", false)
	}
	return c.integer()
}

func (c *jsonText) word(w string, v bool) bool {
	if !bytes.HasPrefix(c.in[c.pos:], []byte(w)) {
		return false
	}
	c.pos += len(w)
	c.out = dagcbor.AppendBool(c.out, v)
	return true
}

// string consumes a string and returns what is between its quotes.
func (c *jsonText) string() ([]byte, bool) {
	if !c.next('"') {
		return nil, false
	}
	start := c.pos
	for ; c.pos < len(c.in); c.pos++ {
		switch b := c.in[c.pos]; {
		case b == '"':
			c.pos++
			return c.in[start : c.pos-1], true
		case b == '\\' || b < ' ':
			return nil, false
		}
	}
	return nil, false
}

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
		name, ok := c.string()
		if !ok || !c.next(':') {
			return false
		}
		c.out = append(dagcbor.AppendTextHead(c.out, len(name)), name...)
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
	sorted := make([]byte, 0, len(c.out)-at)
	for i, p := range pairs {
		if i > 0 && bytes.Equal(c.name(pairs[i-1]), c.name(p)) {
			return false
		}
		sorted = append(sorted, c.out[p.key:p.end]...)
	}
	copy(c.out[at:], sorted)
	return true
}
