package contracts

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/contracts/jsonpointer"
)

// ParseGraph decodes a TaskGraph strictly and validates it against l. The
// error is an *Error with CodeValidation whose cause is an *InvalidError.
func ParseGraph(doc []byte, l Limits) (*TaskGraph, error) {
	var g TaskGraph
	if err := jcs.DecodeStrict(doc, &g); err != nil {
		return nil, invalid([]*Violation{{Rule: RuleDocument, Message: err.Error()}})
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
	c := checker{graph: g, limits: l, index: make(map[UnitID]int, len(g.WorkUnits))}
	c.document()
	c.units()
	c.outputs()
	if len(c.found) == 0 {
		c.shape()
	}
	if len(c.found) == 0 {
		c.size()
	}
	if len(c.found) == 0 {
		return nil
	}
	return invalid(c.found)
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
	schemas map[string]error
	found   []*Violation
}

func (c *checker) fail(rule Rule, unit UnitID, path, format string, args ...any) {
	if len(c.found) < maxViolations {
		c.found = append(c.found, &Violation{rule, unit, path, fmt.Sprintf(format, args...)})
	}
}

func (c *checker) full() bool { return len(c.found) >= maxViolations }

func (c *checker) document() {
	g := c.graph
	if major(g.SchemaVersion) != major(Version) {
		c.fail(RuleSchemaVersion, "", "/schema_version", "version %q is not supported, this side speaks %s", g.SchemaVersion, Version)
	}
	if g.GraphVersion == "" || len(g.GraphVersion) > maxNameBytes {
		c.fail(RuleIdentity, "", "/graph_version", "must be 1 to %d bytes", maxNameBytes)
	}
	for _, id := range []struct{ path, value string }{{"/graph_id", g.GraphID}, {"/request_id", g.RequestID}} {
		if !validUUID(id.value) {
			c.fail(RuleIdentity, "", id.path, "%q is not a UUID", id.value)
		}
	}
	if !g.TenantID.Valid() {
		c.fail(RuleIdentity, "", "/tenant_id", "%q is not 1 to %d characters of [A-Za-z0-9._:/-]", g.TenantID, maxNameBytes)
	}
	if g.CreatedAt.IsZero() {
		c.fail(RuleIdentity, "", "/created_at", "is missing")
	}
	c.budgets(&g.Budgets)
	c.policies(g.Policies)
	for ns := range g.Ext {
		if !c.limits.understands(ns) {
			c.fail(RuleExtension, "", "/ext", "namespace %q is unknown", ns)
		}
	}
	if n := len(g.WorkUnits); n == 0 || n > c.limits.MaxUnits {
		c.fail(RuleUnitCount, "", "/work_units", "has %d units, allowed are 1 to %d", n, c.limits.MaxUnits)
	}
}

// major returns the part of a version before its first dot, "" if malformed.
func major(version string) string {
	m := versionForm.FindStringSubmatch(version)
	if m == nil {
		return ""
	}
	return m[1]
}

var (
	versionForm = regexp.MustCompile(`^([1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})$`)
	moneyForm   = regexp.MustCompile(`^(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?$`)
)

func (c *checker) budgets(b *Budgets) {
	for _, f := range []struct {
		name  string
		value *int64
	}{
		{"max_latency_ms", b.MaxLatencyMS}, {"max_tokens", b.MaxTokens}, {"max_llm_calls", b.MaxLLMCalls},
		{"max_cpu_units", b.MaxCPUUnits}, {"max_fuel", b.MaxFuel},
	} {
		if f.value != nil && *f.value < 0 {
			c.fail(RuleBudget, "", "/budgets/"+f.name, "is negative: %d", *f.value)
		}
	}
	if b.MaxCostUSD != "" && !moneyForm.MatchString(b.MaxCostUSD) {
		c.fail(RuleBudget, "", "/budgets/max_cost_usd", "%q is not a decimal with at most 6 digits after the point", b.MaxCostUSD)
	}
}

func (c *checker) policies(p *Policies) {
	if p == nil {
		return
	}
	oneOf(c, RulePolicy, "", "/policies/failure_policy", p.FailurePolicy, "", FailFast, ContinueOnError)
	oneOf(c, RulePolicy, "", "/policies/privacy_default", p.PrivacyDefault, "", AllowRemote, LocalOnly)
	oneOf(c, RulePolicy, "", "/policies/logging_mode", p.LoggingMode, "", LogOff, LogMinimal, LogDebug)
	if n := p.MaxLLMInvocations; n != nil && *n < 0 {
		c.fail(RulePolicy, "", "/policies/max_llm_invocations_per_session", "is negative: %d", *n)
	}
}

func oneOf[T ~string](c *checker, rule Rule, unit UnitID, path string, got T, want ...T) {
	for _, w := range want {
		if got == w {
			return
		}
	}
	c.fail(rule, unit, path, "%q is not one of %q", got, want)
}

func (c *checker) outputs() {
	final := c.graph.Outputs.Final
	if len(final) == 0 {
		c.fail(RuleOutputs, "", "/outputs/final", "names no unit")
	}
	for i, f := range final {
		path := fmt.Sprintf("/outputs/final/%d", i)
		if _, ok := c.index[f.WorkUnitID]; !ok {
			c.fail(RuleOutputs, "", path+"/work_unit_id", "unit %q does not exist", f.WorkUnitID)
		}
		if err := jsonpointer.Check(f.Select); err != nil {
			c.fail(RuleOutputs, "", path+"/select", "%v", err)
		}
		if c.full() {
			return
		}
	}
}

// size encodes the graph, so it runs last and only on graphs that hold so far.
func (c *checker) size() {
	b, err := c.graph.Canonical()
	switch {
	case err != nil:
		c.fail(RuleDocument, "", "", "%v", err)
	case int64(len(b)) > c.limits.MaxGraphBytes:
		c.fail(RuleGraphSize, "", "", "canonical form is %d bytes, the limit is %d", len(b), c.limits.MaxGraphBytes)
	}
}

// schema compiles each distinct schema once.
func (c *checker) schema(doc JSON) error {
	if err, ok := c.schemas[string(doc)]; ok {
		return err
	}
	_, err := CompileSchema(doc)
	if c.schemas == nil {
		c.schemas = map[string]error{}
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
