package session_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/session"
)

// pauses fails a unit again and again and returns how long it is held back each time.
func pauses(t *testing.T, id contracts.SessionID, unit string, retries *contracts.Retries) (list []time.Duration) {
	t.Helper()
	now := time.UnixMilli(1_700_000_000_000).UTC()
	g := &contracts.TaskGraph{GraphID: "graph", RequestID: "request", TenantID: "lab"}
	for _, name := range []string{"a", "b"} {
		g.WorkUnits = append(g.WorkUnits, contracts.WorkUnit{
			ID: contracts.UnitID(name), Type: contracts.Deterministic, Program: &contracts.Program{Task: "t@1"}, Retries: retries,
		})
	}
	g.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: "a"}}
	s, err := session.Open(&session.Record{At: now.UnixMicro(), Session: id, Accepted: &session.Accepted{Tenant: "lab", Graph: contracts.Link{Cid: dagcbor.RawCID([]byte("g"))}}}, g, "/krako/test")
	if err != nil {
		t.Fatal(err)
	}
	s.TakeReady()
	i, _ := s.Plan().Index(contracts.UnitID(unit))
	apply := func(r session.Record, err error) {
		t.Helper()
		if err == nil {
			err = s.Apply(&r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := range retries.MaxAttempts - 1 {
		l := session.Lease{ID: uint64(n + 1), Epoch: 1, Node: "n", Unit: i}
		apply(s.Dispatch(now, session.Placement{Lease: l, UnitCID: dagcbor.RawCID([]byte("u")), Fuel: 1}))
		apply(s.Fault(now, l, contracts.CodeNetwork, "gone", false))
		ready := s.TakeReady()
		if len(ready) != 1 || ready[0].Unit != i {
			t.Fatalf("after failure %d: %+v", n+1, ready)
		}
		list = append(list, ready[0].NotBefore.Sub(now))
		now = ready[0].NotBefore
	}
	return list
}

// The pause before another attempt doubles, within a base of jitter that is the same
// for everybody who computes it, and another one for other units and sessions.
func TestBackoffIsDeterministic(t *testing.T) {
	retries := &contracts.Retries{MaxAttempts: 5, BackoffMS: 50}
	const base = 50 * time.Millisecond
	seen := map[string]bool{}
	for k := range 20 {
		id := contracts.SessionID(fmt.Sprintf("018bcfe5-6800-7000-8000-0000000000%02x", k))
		for _, unit := range []string{"a", "b"} {
			first := pauses(t, id, unit, retries)
			if again := pauses(t, id, unit, retries); fmt.Sprint(again) != fmt.Sprint(first) {
				t.Errorf("%s of %s: %v, and again %v", unit, id, first, again)
			}
			for n, d := range first {
				if least := base << n; d < least || d >= least+base {
					t.Errorf("%s of %s: pause %d is %s, want %s to %s", unit, id, n+1, d, least, least+base)
				}
			}
			seen[fmt.Sprint(first)] = true
		}
	}
	if len(seen) < 39 {
		t.Errorf("40 units have %d different pauses", len(seen))
	}
}
