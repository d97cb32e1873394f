package contracts_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// codeTable is the list of CONTRACTS section 8 with the judgement of each code.
const codeTable = `
	VALIDATION_ERROR    final
	SCHEMA_MISMATCH     final
	TRAP                final      deterministic
	EXIT_NONZERO        final      deterministic
	OUT_OF_FUEL         final      deterministic
	OUT_OF_MEMORY       final      deterministic
	STACK_OVERFLOW      final      deterministic
	TIMEOUT             retryable
	NETWORK_ERROR       retryable
	AUTH_ERROR          final
	RATE_LIMITED        retryable
	RESOURCE_EXHAUSTED  retryable
	BUDGET_EXCEEDED     final
	REGION_UNAVAILABLE  retryable
	MODEL_UNAVAILABLE   retryable
	CONTEXT_OVERFLOW    final
	BAD_OUTPUT          final      deterministic
	NO_QUORUM           retryable
	PRIVACY_VIOLATION   final
	NOT_FOUND           final
	CONFLICT            final
	CANCELLED           final
	VERSION_MISMATCH    final
	UNSUPPORTED         final
	INTERNAL            retryable
`

// stopTable is the table of stop reasons of CONTRACTS section 8.
const stopTable = `
	success              -
	validation_failed    VALIDATION_ERROR
	timeout              TIMEOUT
	budget_exhausted     BUDGET_BREACH
	dependency_failed    DEPENDENCY_FAILURE
	retry_exhausted      EXECUTION_FAILURE
	execution_failed     EXECUTION_FAILURE
	substrate_failure    EXECUTION_FAILURE
	verification_failed  EXECUTION_FAILURE
	admission_rejected   EXECUTION_FAILURE
	cancelled            -
	skipped              -
`

// eventTable is the list of CONTRACTS section 7. A name that begins with a dot
// continues the family before it.
const eventTable = `
	execution.session .started .completed .failed .cancelled
	session .rejected
	workunit .queued .ready .scheduled .claimed .started .completed .validated .failed .timeout .cancelled .lease.lost .retried
	workunit .retry.dropped .skipped .deferred .rejected .cached .replica.compared .superseded
	llm.invocation .started .completed .failed
	node .registered .approved .health.updated .unavailable .quarantined .suspended .removed .key.rotated
	pod .ready .degraded .unavailable
	capacity .scale.requested .scale.applied .admission.mode.changed
	congestion .mode.changed
	queue .depth.updated
	trust .score.updated .evidence.recorded
	billing .usage.recorded .credits.granted .credits.reserved .credits.released .credits.debited .entry.reversed .account.suspended .prices.changed .event.quarantined
`

func rows(table string) [][]string {
	var out [][]string
	for line := range strings.Lines(table) {
		if words := strings.Fields(line); len(words) > 0 {
			out = append(out, words)
		}
	}
	return out
}

func TestErrorCodesAreTheClosedSet(t *testing.T) {
	var want []string
	for _, row := range rows(codeTable) {
		c := contracts.Code(row[0])
		want = append(want, row[0])
		if !c.Valid() {
			t.Errorf("%s is not valid", c)
		}
		if c.Retryable() != (row[1] == "retryable") {
			t.Errorf("%s: retryable is %v", c, c.Retryable())
		}
		if c.Deterministic() != (len(row) > 2) {
			t.Errorf("%s: deterministic is %v", c, c.Deterministic())
		}
	}
	if got := constants(t, "errors.go", "Code"); !slices.Equal(got, want) {
		t.Errorf("codes are\n%v, want\n%v", got, want)
	}
	for _, c := range []contracts.Code{"", "trap", "SUCCESS"} {
		if c.Valid() || c.Retryable() || c.Deterministic() {
			t.Errorf("%q is taken for a code", c)
		}
	}
}

func TestStopReasonsAreTheClosedSet(t *testing.T) {
	var want []string
	for _, row := range rows(stopTable) {
		r := contracts.StopReason(row[0])
		want = append(want, row[0])
		if class := strings.TrimPrefix(row[1], "-"); !r.Valid() || string(r.Class()) != class {
			t.Errorf("%s: valid %v, class %q, want %q", r, r.Valid(), r.Class(), class)
		}
	}
	if got := constants(t, "stop.go", "StopReason"); !slices.Equal(got, want) {
		t.Errorf("stop reasons are\n%v, want\n%v", got, want)
	}
	if contracts.StopReason("bored").Valid() || contracts.StopReason("").Valid() {
		t.Error("a stop reason outside the set is valid")
	}
}

func TestEventTypesAreTheClosedList(t *testing.T) {
	var want []contracts.EventType
	for _, row := range rows(eventTable) {
		for _, name := range row[1:] {
			want = append(want, contracts.EventType(row[0]+name))
		}
	}
	if got := contracts.EventTypes(); !slices.Equal(got, want) {
		t.Errorf("event types are\n%v, want\n%v", got, want)
	}
	if declared := constants(t, "event.go", "EventType"); len(declared) != len(want) {
		t.Errorf("%d event types are declared, %d are in the list", len(declared), len(want))
	}
	for _, typ := range want {
		if !typ.Valid() {
			t.Errorf("%s is not valid", typ)
		}
	}
	if contracts.EventType("workunit.teleported").Valid() || contracts.EventType("").Valid() {
		t.Error("an event type outside the list is valid")
	}
}

// TestCodeOfAnError fixes how a code is found in a chain.
func TestCodeOfAnError(t *testing.T) {
	cause := contracts.Errorf(contracts.CodeNotFound, "bafy", "no such block")
	wrapped := contracts.Errorf(contracts.CodeInternal, "", "read output: %w", cause)
	if contracts.CodeOf(nil) != "" || contracts.CodeOf(wrapped) != contracts.CodeInternal || contracts.CodeOf(wrapped.Unwrap()) != contracts.CodeNotFound {
		t.Errorf("codes of the chain are %s, %s", contracts.CodeOf(wrapped), contracts.CodeOf(wrapped.Unwrap()))
	}
	if got := contracts.CodeOf(errPlain{}); got != contracts.CodeInternal {
		t.Errorf("code of a plain error is %s", got)
	}
	if cause.Error() != "NOT_FOUND: bafy: no such block" || wrapped.Error() != "INTERNAL: read output: NOT_FOUND: bafy: no such block" {
		t.Errorf("texts are %q and %q", cause, wrapped)
	}
}

type errPlain struct{}

func (errPlain) Error() string { return "plain" }
