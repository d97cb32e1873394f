package obs_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/obs"
	"github.com/krako-labs/krako/internal/obs/obstest"
)

const sessionOf = "018bcfe5-6800-7000-8000-0123456789ab"

// claim is what the node says of its run.
type claim struct {
	started time.Time
	ms      float64
}

// Times by the coordinator's clock: the copy is placed at 2 s, the unit ends at 6 s.
func second(n int) time.Time {
	return time.UnixMilli(1_700_000_000_000).UTC().Add(time.Duration(n) * time.Second)
}

// tell makes the events of a session whose unit is copied, whose copy is done first.
func tell(t *testing.T, to *obs.Traces, parent string, c claim) {
	t.Helper()
	for i, e := range []struct {
		kind contracts.EventType
		unit string
		data any
	}{
		{contracts.EventSessionStarted, "", contracts.SessionStarted{GraphCID: "g", Units: 1}},
		{contracts.EventUnitScheduled, "a", contracts.UnitScheduled{Target: "slow", Lease: 1}},
		{contracts.EventUnitScheduled, "a", contracts.UnitScheduled{Target: "fast", Lease: 2, Replica: 1}},
		{contracts.EventUnitLeaseLost, "a", contracts.UnitLeaseLost{Node: "slow", Lease: 1, Reason: "its copy was done first"}},
		{contracts.EventUnitScheduled, "a", contracts.UnitScheduled{Target: "fast", Lease: 2}},
		{contracts.EventUnitStarted, "a", nil},
		{contracts.EventUnitCompleted, "a", contracts.UnitEnded{StopReason: contracts.StopSuccess, Node: "fast", DurationMS: c.ms, Fuel: 7, ResultCID: "r"}},
		{contracts.EventSessionCompleted, "", contracts.SessionEnded{StopReason: contracts.StopSuccess}},
	} {
		data, err := json.Marshal(e.data)
		if err != nil {
			t.Fatal(err)
		}
		at := second(i)
		if e.kind == contracts.EventUnitStarted {
			at = c.started
		}
		to.Take(contracts.Event{
			ID: string(e.kind), Type: e.kind, Subject: e.unit, SessionID: sessionOf, TenantID: "lab", Attempt: 1, TraceParent: parent,
			Time: contracts.Time{Time: at}, Data: data,
		})
	}
}

// sent is what a collector has of that session, by name and node.
func sent(t *testing.T, parent string, c claim, early bool) map[string]obstest.Span {
	t.Helper()
	r := obstest.Receive(t)
	to, err := obs.NewTraces(t.Context(), r.URL, "krako-coord", "test")
	if err != nil {
		t.Fatal(err)
	}
	if early {
		to.Answered(sessionOf, second(-1), second(1))
	}
	tell(t, to, parent, c)
	if !early {
		to.Answered(sessionOf, second(-1), second(1))
	}
	if err := to.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	by := map[string]obstest.Span{}
	for _, s := range r.Spans() {
		by[s.Name+" "+s.Attributes["krako.node"]] = s
	}
	if len(by) != 5 || len(r.Spans()) != 5 {
		t.Fatalf("spans: %+v", r.Spans())
	}
	return by
}

func TestASessionIsATrace(t *testing.T) {
	for name, c := range map[string]struct {
		parent, trace, above string
		early                bool // the gateway has answered before the log is read
	}{
		"of its own":    {"", strings.ReplaceAll(sessionOf, "-", ""), "", false},
		"of its caller": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", false},
		"answered soon": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", true},
		"of no caller":  {"anything", strings.ReplaceAll(sessionOf, "-", ""), "", true},
	} {
		t.Run(name, func(t *testing.T) {
			by := sent(t, c.parent, claim{second(5), 250}, c.early)
			for _, s := range by {
				if s.Trace != c.trace {
					t.Errorf("span %s is of trace %s, want %s", s.Name, s.Trace, c.trace)
				}
				if s.Attributes["krako.session"] != sessionOf || s.Attributes["krako.event"] == "" {
					t.Errorf("span %s does not name its event: %v", s.Name, s.Attributes)
				}
			}
			session, slow, fast, sandbox := by["session "], by["execution slow"], by["execution fast"], by["sandbox fast"]
			gateway := by["gateway "]
			if gateway.Parent != c.above || session.Parent != gateway.ID {
				t.Errorf("the request is below %s, want %s; the session is below %s, want %s", gateway.Parent, c.above, session.Parent, gateway.ID)
			}
			if !gateway.Start.Equal(second(-1)) || !gateway.End.Equal(second(1)) {
				t.Errorf("the request took from %s to %s", gateway.Start, gateway.End)
			}
			if slow.Parent != session.ID || fast.Parent != session.ID || sandbox.Parent != fast.ID {
				t.Error("spans are below others than they belong to")
			}
			if !slow.Failed || !fast.OK {
				t.Errorf("the overtaken execution is %+v, the other %+v", slow, fast)
			}
		})
	}
}

// Whatever a node says of its run, it is shown between its placement and its result.
func TestANodesClaimStaysWithinItsExecution(t *testing.T) {
	for name, c := range map[string]struct {
		says     claim
		from, to time.Time
	}{
		"as it was":            {claim{second(4), 1500}, second(4), second(5).Add(500 * time.Millisecond)},
		"a clock behind":       {claim{second(-9000), 1000}, second(2), second(3)},
		"a clock ahead":        {claim{second(9000), 1000}, second(5), second(6)},
		"longer than there is": {claim{second(3), 1e300}, second(2), second(6)},
		"less than nothing":    {claim{second(3), -5}, second(3), second(3)},
		"at no time":           {claim{time.Unix(-1<<40, 0), 0}, second(2), second(2)},
	} {
		t.Run(name, func(t *testing.T) {
			s := sent(t, "", c.says, true)["sandbox fast"]
			if !s.Start.Equal(c.from) || !s.End.Equal(c.to) {
				t.Errorf("it ran from %s to %s, want %s to %s", s.Start, s.End, c.from, c.to)
			}
			if moved := s.Numbers["krako.clock.moved_us"]; (moved != 0) != !c.from.Equal(c.says.started) {
				t.Errorf("it says that it was moved by %d us", moved)
			}
		})
	}
}

func TestCollectorsThatAreNone(t *testing.T) {
	for _, url := range []string{"localhost:4318", "ftp://x", "http://", "://"} {
		if _, err := obs.NewTraces(t.Context(), url, "s", "v"); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%s: %v", url, err)
		}
	}
}
