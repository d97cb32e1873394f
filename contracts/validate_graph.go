package contracts

import (
	"maps"
	"regexp"
	"slices"

	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/contracts/jsonpointer"
)

func (c *checker) document() {
	g := c.graph
	if major(g.SchemaVersion) != major(Version) {
		c.fail(RuleSchemaVersion, "", in("/schema_version"), "version %q is not supported, this side speaks %s", g.SchemaVersion, Version)
	}
	if g.GraphVersion == "" || len(g.GraphVersion) > maxNameBytes {
		c.fail(RuleIdentity, "", in("/graph_version"), "must be 1 to %d bytes", maxNameBytes)
	}
	for _, id := range []struct{ path, value string }{{"/graph_id", g.GraphID}, {"/request_id", g.RequestID}} {
		if !validUUID(id.value) {
			c.fail(RuleIdentity, "", in(id.path), "%q is not a UUID in lower case", id.value)
		}
	}
	if !g.TenantID.Valid() {
		c.fail(RuleIdentity, "", in("/tenant_id"), "%q is not 1 to %d characters of [A-Za-z0-9._:/-]", g.TenantID, maxNameBytes)
	}
	if g.CreatedAt.IsZero() {
		c.fail(RuleIdentity, "", in("/created_at"), "is missing")
	}
	c.budgets(&g.Budgets)
	c.policies(g.Policies)
	for _, ns := range slices.Sorted(maps.Keys(g.Ext)) {
		if !c.limits.understands(ns) {
			c.fail(RuleExtension, "", in("/ext/"+jsonpointer.Escape(ns)), "namespace %.128q is unknown", ns)
		}
	}
	if n := len(g.WorkUnits); n == 0 || n > c.limits.MaxUnits {
		c.fail(RuleUnitCount, "", in("/work_units"), "has %d units, allowed are 1 to %d", n, c.limits.MaxUnits)
	}
}

// maxInteger bounds every integer of a document, so that each has a form in JSON
// that no reader rounds (CONTRACTS section 1).
const maxInteger = jcs.MaxInteger

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
		if f.value != nil && (*f.value < 0 || *f.value > maxInteger) {
			c.fail(RuleBudget, "", in("/budgets/"+f.name), "is %d, allowed are 0 to %d", *f.value, maxInteger)
		}
	}
	if b.MaxCostUSD != "" && !moneyForm.MatchString(b.MaxCostUSD) {
		c.fail(RuleBudget, "", in("/budgets/max_cost_usd"), "%q is not a decimal with at most 6 digits after the point", b.MaxCostUSD)
	}
}

func (c *checker) policies(p *Policies) {
	if p == nil {
		return
	}
	oneOf(c, RulePolicy, "", in("/policies/failure_policy"), p.FailurePolicy, "", FailFast, ContinueOnError)
	oneOf(c, RulePolicy, "", in("/policies/privacy_default"), p.PrivacyDefault, "", AllowRemote, LocalOnly)
	oneOf(c, RulePolicy, "", in("/policies/logging_mode"), p.LoggingMode, "", LogOff, LogMinimal, LogDebug)
	if n := p.MaxLLMInvocations; n != nil && (*n < 0 || *n > maxInteger) {
		c.fail(RulePolicy, "", in("/policies/max_llm_invocations_per_session"), "is %d, allowed are 0 to %d", *n, maxInteger)
	}
}

func oneOf[T ~string](c *checker, rule Rule, unit UnitID, at place, got T, want ...T) {
	for _, w := range want {
		if got == w {
			return
		}
	}
	c.fail(rule, unit, at, "%q is not one of %q", got, slices.Clone(want)) // want itself stays on the stack
}

func (c *checker) outputs() {
	final := c.graph.Outputs.Final
	if len(final) == 0 {
		c.fail(RuleOutputs, "", in("/outputs/final"), "names no unit")
	}
	for i, f := range final {
		at := in("/outputs").at("final", i)
		if _, ok := c.index[f.WorkUnitID]; !ok {
			c.fail(RuleOutputs, "", at.to("/work_unit_id"), "unit %q does not exist", f.WorkUnitID)
		}
		if err := jsonpointer.Check(f.Select); err != nil {
			c.fail(RuleOutputs, "", at.to("/select"), "%v", err)
		}
		if c.full() {
			return
		}
	}
}

// size encodes the graph, so it runs last and only on graphs that hold so far.
func (c *checker) size(encode func(*TaskGraph) ([]byte, error)) []byte {
	b, err := encode(c.graph)
	switch {
	case err != nil:
		c.fail(RuleDocument, "", in(""), "%v", err)
	case int64(len(b)) > c.limits.MaxGraphBytes:
		c.fail(RuleGraphSize, "", in(""), "canonical form is %d bytes, the limit is %d", len(b), c.limits.MaxGraphBytes)
	}
	return b
}
