package conformance

import (
	"strings"
	"testing"
)

// Line is a line of the contract that a caller of a backend can see, and the
// cases that hold a backend to it.
type Line struct {
	// Section is that of CONTRACTS, or "invariant" and its number.
	Section string
	Says    string
	Cases   []string
}

// Lines returns the table. A case that ends in a slash stands for all that begin
// with it.
func Lines() []Line {
	return []Line{
		{"1", "two spellings of the same graph have the same graph_cid", []string{"identity/spelling"}},
		{"2", "the same (tenant_id, request_id) and graph_cid returns the same session", []string{"identity/same_request", "identity/same_request_at_once"}},
		{"2", "the same (tenant_id, request_id) with another graph is a conflict", []string{"identity/other_graph"}},
		{"2", "each rule of validity has its own error with the offending unit's id", []string{"refusals/"}},
		{"2", "outputs.final: the first whose unit succeeded is the answer", []string{"when/escalation", "policies/first_final_fails", "binds/answer_selects"}},
		{"2", "failure_policy: fail_fast or continue_on_error", []string{"policies/"}},
		{"3", "a unit's type is never rewritten by anyone", []string{"events/types_are_kept", "shapes/every_cpu_type", "refusals/llm_without_models"}},
		{"3", "bind copies a selection, or mounts the output; a skipped dependency gives null or no blob", []string{"binds/"}},
		{"3", "output_schema is enforced for every type", []string{"schema/"}},
		{"3", "verify_with is run on every result, which is used only if it is found valid; a checker that says nothing blames nobody", []string{"check/"}},
		{"3", "only idempotent units are retried, at most max_attempts times, and a failure of the program never", []string{"budgets/run_timeout", "budgets/run_timeout_once", "stops/not_retried", "schema/mismatch"}},
		{"3", "declared edges are evaluated and none is invented", []string{"when/"}},
		{"4", "an invocation is one thing everywhere: input, defaults, fuel, salt", []string{"invocation/", "binds/long_input"}},
		{"4", "equal computations have equal unit_cids in every graph", []string{"identity/same_unit_anywhere", "identity/other_unit"}},
		{"4", "result_cid is byte-identical every time and everywhere", []string{"identity/same_results", "shapes/", "stops/"}},
		{"5", "on failure too: the same trap, the same point of fuel exhaustion, the same memory", []string{"stops/", "stops/exact_fuel"}},
		{"5", "host calls outside the profile are a validation error before execution", []string{"stops/foreign_import", "stops/no_module"}},
		{"5", "clock and entropy follow from the unit; nothing of one unit is seen by another", []string{"identity/chance_and_time", "identity/isolation"}},
		{"5", "the order of stages is the same on every backend", []string{"events/order", "events/order_of_failure"}},
		{"6", "no transition exists but those of the table", []string{"events/INV10_required_fields", "shapes/", "policies/"}},
		{"7", "traceparent goes with every event", []string{"events/trace"}},
		{"8", "every stop has its stop_reason and code from the closed sets", []string{"stops/", "budgets/", "cancel/", "policies/", "schema/"}},
		{"9", "remaining is at most what was declared, always", []string{"budgets/"}},
		{"9", "Health and Capabilities; an incompatible interface version is refused", []string{"port/"}},
		{"9", "telemetry, events and result blocks agree", []string{"events/INV11_results_are_proved", "shapes/", "stops/"}},
		{"9", "blocks are addressed by content; one that is missing is named", []string{"blocks/", "refusals/missing_module", "refusals/missing_blob"}},
		{"invariant 2", "local_only goes with what binds it", []string{"invocation/INV2_private_is_salted", "invocation/private_by_default"}},
		{"invariant 3", "escalation is never invented", []string{"when/INV3_nothing_is_invented"}},
		{"invariant 4", "no budget is ever raised", []string{"identity/INV4_graph_is_left_alone", "budgets/", "invocation/budget_is_no_part"}},
		{"invariant 5", "the graph is acyclic; nothing runs before its dependencies", []string{"refusals/INV5_cycle", "events/INV5_dependencies_first"}},
		{"invariant 10", "required event fields are always present", []string{"events/INV10_required_fields"}},
		{"invariant 11", "no result is used that is not proved", []string{"events/INV11_results_are_proved"}},
	}
}

// checkLines fails when a line is held by a case that did not run, or a case
// that ran holds no line.
func (s *suite) checkLines(t *testing.T) {
	held := map[string]bool{}
	for _, l := range Lines() {
		for _, name := range l.Cases {
			if !s.mark(held, name) {
				t.Errorf("section %s, %q: no case %s ran", l.Section, l.Says, name)
			}
		}
	}
	for name := range s.ran {
		if !held[name] {
			t.Errorf("case %s holds no line of the contract", name)
		}
	}
}

// mark notes the cases that ran and that name stands for, and reports whether
// there are any.
func (s *suite) mark(held map[string]bool, name string) (any bool) {
	for ran := range s.ran {
		if ran == name || strings.HasSuffix(name, "/") && strings.HasPrefix(ran, name) {
			held[ran], any = true, true
		}
	}
	return any
}

// checkUsed fails when golden.json tells of executions that did not take place.
func (s *suite) checkUsed(t *testing.T) {
	for name := range s.want {
		if s.got[name] == nil && !(s.ShallowCalls && name == "stops/stack_overflow") {
			t.Errorf("golden.json tells of %s, which did not take place", name)
		}
	}
}
