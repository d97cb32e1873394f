package policy

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Bounds of a call.
const (
	maxRules       = 1000
	maxObligations = 32
	maxName        = 128
	maxReason      = 1000
	maxDepth       = 64
	maxSteps       = 1_000_000
)

// Input is rules and the document that they are about.
type Input struct {
	Rules []Rule `json:"rules" jsonschema:"minItems=1,maxItems=1000"`
	// Combine says what holds when rules disagree.
	Combine string `json:"combine" jsonschema:"enum=deny_overrides,enum=allow_overrides,enum=first" jsonschema_description:"first: the first rule that applies decides"`
	// Default is the decision when no rule applies.
	Default string          `json:"default" jsonschema:"enum=allow,enum=deny" jsonschema_description:"when no rule applies"`
	Input   json.RawMessage `json:"input" jsonschema_description:"any JSON: what the rules are about"`
}

// Rule has an effect on documents for which its condition holds.
type Rule struct {
	ID     string `json:"id" jsonschema:"minLength=1,maxLength=128"`
	Effect string `json:"effect" jsonschema:"enum=allow,enum=deny,enum=oblige" jsonschema_description:"oblige: adds obligations to whatever is decided"`
	// When is an expression; doc.go has the language.
	When        json.RawMessage   `json:"when" jsonschema_description:"true, false, or one of all any not eq ne lt le gt ge in has starts ends contains matches cidr exists some every; values are literals, {at: pointer}, {item: pointer}, {size: v}, {value: literal}"`
	Reason      string            `json:"reason,omitempty" jsonschema:"maxLength=1000" jsonschema_description:"for people"`
	Obligations []json.RawMessage `json:"obligations,omitempty" jsonschema:"maxItems=32" jsonschema_description:"any JSON: what must be done if the rule applies and its effect is the decision"`
}

// Output is the decision.
type Output struct {
	Decision string `json:"decision" jsonschema:"enum=allow,enum=deny"`
	// Rule is the rule that decided, absent for the default.
	Rule string `json:"rule,omitempty" jsonschema_description:"that decided; absent if it is the default"`
	// Reasons are the rules that apply, in order.
	Reasons     []Reason          `json:"reasons" jsonschema_description:"rules that apply, in order"`
	Obligations []json.RawMessage `json:"obligations" jsonschema_description:"of rules that oblige or whose effect is the decision"`
	Unknown     []Unknown         `json:"unknown" jsonschema_description:"conditions that could not be told, and why"`
}

// Reason is a rule that applies.
type Reason struct {
	Rule   string `json:"rule"`
	Effect string `json:"effect"`
	Reason string `json:"reason,omitempty"`
	// Unknown says that the rule applies because its condition could not be told.
	Unknown bool `json:"unknown,omitempty"`
}

// Unknown is a condition that could not be told.
type Unknown struct {
	Rule string `json:"rule"`
	Why  string `json:"why" jsonschema_description:"the first thing that could not"`
}

const (
	allow  = "allow"
	deny   = "deny"
	oblige = "oblige"
)

// Eval decides.
func Eval(_ context.Context, in Input) (Output, error) {
	if err := in.check(); err != nil {
		return Output{}, err
	}
	var doc any
	if err := json.Unmarshal(in.Input, &doc); err != nil {
		return Output{}, field.Errorf("input", "%v", err)
	}
	conditions, err := in.compile()
	if err != nil {
		return Output{}, err
	}
	out := Output{Reasons: []Reason{}, Obligations: []json.RawMessage{}, Unknown: []Unknown{}}
	steps := maxSteps
	for i, r := range in.Rules {
		e := evaluation{input: doc, steps: &steps}
		got := conditions[i].holds(&e)
		if steps < 0 {
			return Output{}, field.Errorf(field.Index("rules", i)+".when", "takes more than %d steps, with the rules before it", maxSteps)
		}
		if got == unknown {
			out.Unknown = append(out.Unknown, Unknown{r.ID, e.why})
		}
		if got == yes || got == unknown && r.Effect != allow {
			out.Reasons = append(out.Reasons, Reason{r.ID, r.Effect, r.Reason, got == unknown})
		}
	}
	out.decide(&in)
	return out, nil
}

func (in *Input) check() error {
	if err := field.Between("rules", len(in.Rules), 1, maxRules); err != nil {
		return err
	}
	if err := field.OneOf("combine", in.Combine, "deny_overrides", "allow_overrides", "first"); err != nil {
		return err
	}
	if err := field.OneOf("default", in.Default, allow, deny); err != nil {
		return err
	}
	if len(in.Input) == 0 {
		return field.Errorf("input", "is required")
	}
	ids := map[string]bool{}
	for i, r := range in.Rules {
		at := field.Index("rules", i)
		if err := field.Between(at+".id", len(r.ID), 1, maxName); err != nil {
			return err
		}
		if ids[r.ID] {
			return field.Errorf(at+".id", "%q is another rule's", r.ID)
		}
		ids[r.ID] = true
		if err := field.OneOf(at+".effect", r.Effect, allow, deny, oblige); err != nil {
			return err
		}
		if err := field.AtMost(at+".reason", len(r.Reason), maxReason, "bytes"); err != nil {
			return err
		}
		if err := field.AtMost(at+".obligations", len(r.Obligations), maxObligations, "elements"); err != nil {
			return err
		}
	}
	return nil
}

func (in *Input) compile() ([]expression, error) {
	all := make([]expression, len(in.Rules))
	for i, r := range in.Rules {
		at := field.Index("rules", i) + ".when"
		if len(r.When) == 0 {
			return nil, field.Errorf(at, "is required")
		}
		var tree any
		if err := json.Unmarshal(r.When, &tree); err != nil {
			return nil, field.Errorf(at, "%v", err)
		}
		var err error
		if all[i], err = compile(at, tree, maxDepth); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// decide combines the rules that apply.
func (o *Output) decide(in *Input) {
	o.Decision = in.Default
	prefer := map[string]string{"deny_overrides": deny, "allow_overrides": allow}[in.Combine]
	for _, r := range o.Reasons {
		if r.Effect == oblige {
			continue
		}
		if o.Rule == "" || r.Effect == prefer && o.Decision != prefer {
			o.Decision, o.Rule = r.Effect, r.Rule
		}
	}
	for _, r := range in.Rules {
		applies := slices.ContainsFunc(o.Reasons, func(a Reason) bool { return a.Rule == r.ID })
		if applies && (r.Effect == oblige || r.Effect == o.Decision) {
			o.Obligations = append(o.Obligations, r.Obligations...)
		}
	}
}
