package contracts

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/krako-labs/krako/contracts/jcs"
)

// ParseGraph decodes a TaskGraph strictly and validates it against l. The
// error is an *Error with CodeValidation whose cause is an *InvalidError.
func ParseGraph(doc []byte, l Limits) (*TaskGraph, error) {
	var g TaskGraph
	if err := jcs.DecodeStrict(doc, &g); err != nil {
		v := &Violation{Rule: RuleDocument, Message: err.Error()}
		if e, ok := errors.AsType[*jcs.Error](err); ok {
			v.Path = e.Pointer
		}
		return nil, invalid([]*Violation{v})
	}
	if err := g.Validate(l); err != nil {
		return nil, err
	}
	return &g, nil
}

// Validate checks every rule of CONTRACTS sections 2 and 3 in time linear in
// the size of the graph and reports all violations up to a bound. The error is
// an *Error with CodeValidation whose cause is an *InvalidError.
func (g *TaskGraph) Validate(l Limits) error {
	_, err := g.validate(l, (*TaskGraph).Canonical)
	return err
}

// Admit is Validate and Canonical in one, for a graph that nobody else uses: it
// brings g itself into its normal form and returns its canonical block.
func (g *TaskGraph) Admit(l Limits) (block []byte, err error) {
	return g.validate(l, func(g *TaskGraph) ([]byte, error) {
		g.normalize()
		return g.encode()
	})
}

func (g *TaskGraph) validate(l Limits, encode func(*TaskGraph) ([]byte, error)) (block []byte, err error) {
	c := checker{graph: g, limits: l, index: make(map[UnitID]int, len(g.WorkUnits))}
	c.document()
	c.units()
	c.outputs()
	if len(c.found) == 0 {
		c.shape()
	}
	if len(c.found) == 0 {
		block = c.size(encode)
	}
	if len(c.found) == 0 {
		return block, nil
	}
	return nil, invalid(c.found)
}

func invalid(found []*Violation) *Error {
	e := &InvalidError{Violations: found}
	return &Error{Code: CodeValidation, Message: e.Error(), Offender: e.Offender(), Cause: e}
}

// checker walks one graph and collects violations.
type checker struct {
	graph   *TaskGraph
	limits  Limits
	index   map[UnitID]int
	schemas map[string]error // what compiling each distinct schema gave
	// schemaParts are those of all schemas that were compiled.
	schemaParts int
	found       []*Violation
}

// place is where something stands in a graph. It is spelled only where something
// is wrong: of 100,000 units most are not.
type place struct {
	unit  int // its index; below 0 for what is in no unit
	under string
}

// in is a place in the document itself.
func in(path string) place { return place{-1, path} }

func (p place) to(name string) place { return place{p.unit, p.under + name} }

// at is the element of a list.
func (p place) at(name string, i int) place { return p.to("/" + name + "/" + strconv.Itoa(i)) }

func (p place) String() string {
	if p.unit < 0 {
		return p.under
	}
	return "/work_units/" + strconv.Itoa(p.unit) + p.under
}

func (c *checker) fail(rule Rule, unit UnitID, at place, format string, args ...any) {
	if len(c.found) < maxViolations {
		c.found = append(c.found, &Violation{
			Rule: rule, Unit: UnitID(clip(string(unit), maxNameBytes)), Path: clip(at.String(), maxQuoted),
			Message: clip(fmt.Sprintf(format, args...), maxQuoted),
		})
	}
}

// maxQuoted bounds the parts of a violation in bytes: what one quotes is often
// the very thing that was too long, and a report holds many of them.
const maxQuoted = 1 << 10

func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

func (c *checker) full() bool { return len(c.found) >= maxViolations }

// maxGraphSchemaParts bounds the parts of all distinct schemas of a graph, which
// are compiled one by one.
const maxGraphSchemaParts = 100_000

// schema compiles each distinct schema once, as long as there are not too many.
func (c *checker) schema(doc JSON) error {
	if err, ok := c.schemas[string(doc)]; ok {
		return err
	}
	if c.schemas == nil {
		c.schemas = map[string]error{}
	}
	if s, ok := keptSchema(doc); ok && s.parts <= maxGraphSchemaParts-c.schemaParts {
		c.schemaParts += s.parts
		c.schemas[string(doc)] = nil
		return nil
	}
	_, n, err := readSchema(doc, maxGraphSchemaParts-c.schemaParts)
	if c.schemaParts += n; err == nil {
		_, err = CompileSchema(doc)
	}
	c.schemas[string(doc)] = err
	return err
}

// AsViolations returns the broken rules in err's chain, nil if there are none.
func AsViolations(err error) []*Violation {
	inv, ok := errors.AsType[*InvalidError](err)
	if !ok {
		return nil
	}
	return inv.Violations
}
