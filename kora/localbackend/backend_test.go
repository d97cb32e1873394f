package localbackend_test

import (
	"context"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/kora/localbackend"
)

func TestOptionsAreChecked(t *testing.T) {
	_, err := localbackend.New(nil, blob.NewMemory(blob.MemoryOptions{}), localbackend.Options{Parallel: -1, MaxInput: -1})
	if contracts.CodeOf(err) != contracts.CodeValidation || !strings.Contains(err.Error(), "parallel") || !strings.Contains(err.Error(), "max input") {
		t.Errorf("error is %v, want both problems", err)
	}
}

// tasks is a catalogue of one task.
type tasks struct{ echo contracts.TaskView }

func (c *tasks) Resolve(name string) (contracts.TaskView, bool) { return c.echo, name == c.echo.Task }

func TestTasksAreResolvedOnce(t *testing.T) {
	var known tasks
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Tasks: &known})
	known.echo = contracts.TaskView{Task: "test/echo@1", Module: *reactor(t, b), Entry: "echo"}
	u := unit(nil, "a", "")
	u.Program = &contracts.Program{Task: "test/echo@1"}
	direct := unit(&known.echo.Module, "b", "echo")
	r := execute(t, b, graph(u, direct))
	wantEnd(t, r, contracts.StopSuccess, "")
	if a, b := r.Telemetry.Tasks[0], r.Telemetry.Tasks[1]; a.UnitCID != b.UnitCID {
		t.Errorf("by name the unit is %s, by module %s", a.UnitCID, b.UnitCID)
	}
}

func TestSecretKeysTheSalt(t *testing.T) {
	id := func(secret string, tenant contracts.TenantID) string {
		b := newBackend(t, sandbox.Config{}, localbackend.Options{Secret: []byte(secret)})
		g := graph(unit(reactor(t, b), "a", "echo"))
		g.TenantID, g.Policies = tenant, &contracts.Policies{PrivacyDefault: contracts.LocalOnly}
		return execute(t, b, g).Telemetry.Tasks[0].UnitCID
	}
	same, again, other, random := id("one", "lab"), id("one", "lab"), id("two", "lab"), id("", "lab")
	if same != again {
		t.Error("one secret gives two salts")
	}
	if same == other || same == id("one", "shop") || same == random || random == id("", "lab") {
		t.Error("two secrets or tenants have one salt")
	}
}

func TestOldSessionsAreForgotten(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Remember: 2})
	m := reactor(t, b)
	graphs := []*contracts.TaskGraph{graph(unit(m, "a", "echo")), graph(unit(m, "a", "echo")), graph(unit(m, "a", "echo"))}
	session := func(g *contracts.TaskGraph) contracts.SessionID { return execute(t, b, g).Telemetry.ExecutionSessionID }
	var ids []contracts.SessionID
	for _, g := range graphs {
		ids = append(ids, session(g))
	}
	if session(graphs[2]) != ids[2] || session(graphs[1]) != ids[1] {
		t.Error("a session within the bound was forgotten")
	}
	if session(graphs[0]) == ids[0] {
		t.Error("a session beyond the bound is remembered")
	}
	forgetful := newBackend(t, sandbox.Config{}, localbackend.Options{Remember: -1})
	reactor(t, forgetful)
	first := execute(t, forgetful, graphs[0]).Telemetry.ExecutionSessionID
	if execute(t, forgetful, graphs[0]).Telemetry.ExecutionSessionID == first {
		t.Error("a session is remembered that should not be")
	}
}

func TestSessionsAreBounded(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{MaxSessions: 1})
	m := reactor(t, b)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := b.Execute(ctx, graph(unit(m, "a", "loop")), contracts.ExecutionContext{}, func(e contracts.Event) {
		if e.Type != contracts.EventUnitScheduled {
			return
		}
		if h, err := b.Health(ctx); err != nil || h.State != contracts.Degraded {
			t.Errorf("health of a full backend is %+v, %v", h, err)
		}
		_, err := b.Execute(ctx, graph(unit(m, "a", "echo")), contracts.ExecutionContext{}, nil)
		if contracts.CodeOf(err) != contracts.CodeResourceExhausted {
			t.Errorf("second session: %v", err)
		}
		cancel()
	})
	if contracts.CodeOf(err) != contracts.CodeCancelled {
		t.Error(err)
	}
	wantEnd(t, execute(t, b, graph(unit(m, "a", "echo"))), contracts.StopSuccess, "")
}

// A caller that comes later to a request that runs is told all of it, and may
// end it for both.
func TestSecondCallerShares(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{})
	g := graph(unit(reactor(t, b), "a", "loop"))
	running, ended := make(chan struct{}), make(chan struct{})
	var r *contracts.ExecutionResult
	var err error
	go func() {
		defer close(ended)
		r, err = b.Execute(context.Background(), g, contracts.ExecutionContext{}, func(e contracts.Event) {
			if e.Type == contracts.EventUnitScheduled {
				close(running)
			}
		})
	}()
	<-running
	ctx, cancel := context.WithCancel(context.Background())
	var told []contracts.EventType
	_, err2 := b.Execute(ctx, g, contracts.ExecutionContext{}, func(e contracts.Event) {
		if told = append(told, e.Type); e.Type == contracts.EventUnitScheduled {
			cancel()
		}
	})
	if contracts.CodeOf(err2) != contracts.CodeCancelled || told[0] != contracts.EventSessionStarted {
		t.Errorf("second caller: %v, told %v", err2, told)
	}
	<-ended
	if err != nil {
		t.Fatalf("first caller: %v", err)
	}
	wantEnd(t, r, contracts.StopCancelled, contracts.CodeCancelled)
}

func TestResultsAreTheCallersOwn(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{})
	g := graph(unit(reactor(t, b), "a", "echo"))
	first := execute(t, b, g)
	first.FinalOutput[0], first.Telemetry.Tasks[0].Executors[0], first.Metadata.Output.Bytes = 'x', "x", 99
	first.Telemetry.Tasks[0].Output.Bytes = 99
	again := execute(t, b, g)
	if string(again.FinalOutput) != "{}" || again.Telemetry.Tasks[0].Executors[0] != "local" || again.Metadata.Output.Bytes != 2 || again.Telemetry.Tasks[0].Output.Bytes != 2 {
		t.Errorf("second result is %+v", again)
	}
}
