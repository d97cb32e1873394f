package contracts

import (
	"errors"
	"fmt"
	"strings"
)

// Rule names one validity rule of CONTRACTS sections 2 and 3. The set is closed.
type Rule string

// The rules, in the order in which they are checked.
const (
	RuleDocument       Rule = "document"           // not strict JSON of the document's form
	RuleSchemaVersion  Rule = "schema_version"     // unknown major version
	RuleIdentity       Rule = "identity"           // a graph-level id, label or time missing or malformed
	RuleBudget         Rule = "budget"             // negative or malformed budget
	RulePolicy         Rule = "policy"             // unknown policy value
	RuleExtension      Rule = "extension"          // unknown extension namespace
	RuleUnitCount      Rule = "unit_count"         // no unit, or more than the limit
	RuleGraphSize      Rule = "graph_size"         // canonical form larger than the limit
	RuleUnitID         Rule = "unit_id"            // malformed unit id
	RuleUnitUnique     Rule = "unit_id_unique"     // two units with one id
	RuleUnitType       Rule = "unit_type"          // unknown unit type
	RuleProgram        Rule = "program"            // CPU unit without exactly one program, llm unit with one
	RuleModel          Rule = "model"              // llm unit without a sound model call, CPU unit with one
	RuleOutputSchema   Rule = "output_schema"      // not a JSON Schema, or missing on an llm unit that is not free text
	RuleInput          Rule = "input"              // input is not an object
	RuleBlob           Rule = "blob"               // malformed blob name or link
	RuleBind           Rule = "bind"               // malformed bind
	RuleWhen           Rule = "when"               // malformed condition
	RuleConstraint     Rule = "constraint"         // negative or malformed constraint, timeout, retry or unknown enum
	RuleDepUnknown     Rule = "dependency_unknown" // dependency does not exist
	RuleDepSelf        Rule = "dependency_self"    // unit depends on itself
	RuleDepUnique      Rule = "dependency_unique"  // dependency named twice
	RuleEdgeUndeclared Rule = "edge_undeclared"    // bind or when names a unit that is no dependency
	RuleFanIn          Rule = "fan_in"             // more dependencies than the limit
	RuleAcyclic        Rule = "acyclic"            // dependencies form a cycle
	RuleDepth          Rule = "depth"              // longest path above the limit
	RuleOutputs        Rule = "outputs"            // no final output, an unknown unit, or a malformed pointer
)

// Violation is one broken rule: which, where, and in words. Unit is empty for
// rules of the graph itself; Path is an RFC 6901 pointer into the document.
type Violation struct {
	Rule    Rule   `json:"rule"`
	Unit    UnitID `json:"unit,omitempty"`
	Path    string `json:"path"`
	Message string `json:"message"`
}

func (v *Violation) Error() string {
	at := ""
	if v.Unit != "" {
		at = fmt.Sprintf("unit %q: ", v.Unit)
	}
	if v.Path != "" { // a fault of the whole has none
		at += string(v.Path) + ": "
	}
	return fmt.Sprintf("%s: %s%s", v.Rule, at, v.Message)
}

// maxViolations bounds how many violations one validation reports.
const maxViolations = 50

// InvalidError reports every broken rule found in one document, up to a bound.
type InvalidError struct{ Violations []*Violation }

func (e *InvalidError) Error() string {
	lines := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		lines[i] = v.Error()
	}
	return strings.Join(lines, "; ")
}

// Unwrap lets errors.As find each violation.
func (e *InvalidError) Unwrap() []error {
	errs := make([]error, len(e.Violations))
	for i, v := range e.Violations {
		errs[i] = v
	}
	return errs
}

// Offender names the first violation's unit, or its path.
func (e *InvalidError) Offender() string {
	if len(e.Violations) == 0 {
		return ""
	}
	if u := e.Violations[0].Unit; u != "" {
		return string(u)
	}
	return e.Violations[0].Path
}

// Broken reports whether err includes a violation of rule.
func Broken(err error, rule Rule) bool {
	var inv *InvalidError
	if !errors.As(err, &inv) {
		return false
	}
	for _, v := range inv.Violations {
		if v.Rule == rule {
			return true
		}
	}
	return false
}
