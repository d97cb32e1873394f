package localbackend_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/localbackend"
)

// reactor puts the suite's guest where b finds it.
func reactor(t *testing.T, b *localbackend.Backend) *contracts.Link {
	t.Helper()
	wasm, err := os.ReadFile("../../contracts/conformance/guests/reactor.wasm")
	if err != nil {
		t.Fatal(err)
	}
	id, err := b.PutBlock(context.Background(), cid.Raw, wasm)
	if err != nil {
		t.Fatal(err)
	}
	return &contracts.Link{Cid: id}
}

// unit runs an entry of a module.
func unit(module *contracts.Link, id contracts.UnitID, entry string) contracts.WorkUnit {
	return contracts.WorkUnit{ID: id, Type: contracts.Deterministic, Program: &contracts.Program{Module: module, Entry: entry}}
}

// graph is answered by its last unit.
func graph(units ...contracts.WorkUnit) *contracts.TaskGraph {
	return &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "test", GraphID: uuid.NewString(), RequestID: uuid.NewString(), TenantID: "lab",
		CreatedAt: contracts.Time{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, WorkUnits: units,
		Outputs: contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: units[len(units)-1].ID}}},
	}
}

// started is an execution under way.
type started struct {
	t      *testing.T
	result *contracts.ExecutionResult
	err    error
	events []contracts.Event
	done   chan struct{}
}

// start executes a graph beside the test.
func start(ctx context.Context, t *testing.T, b *localbackend.Backend, g *contracts.TaskGraph) *started {
	s := &started{t: t, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.result, s.err = b.Execute(ctx, g, contracts.ExecutionContext{}, func(e contracts.Event) { s.events = append(s.events, e) })
	}()
	return s
}

// end waits for the result.
func (s *started) end() *contracts.ExecutionResult {
	s.t.Helper()
	<-s.done
	if s.err != nil {
		s.t.Fatal(s.err)
	}
	return s.result
}

// count returns how many events of a type there were.
func (s *started) count(kind contracts.EventType) (n int) {
	for _, e := range s.events {
		if e.Type == kind {
			n++
		}
	}
	return n
}

func execute(t *testing.T, b *localbackend.Backend, g *contracts.TaskGraph) *contracts.ExecutionResult {
	t.Helper()
	return start(context.Background(), t, b, g).end()
}

func wantEnd(t *testing.T, r *contracts.ExecutionResult, reason contracts.StopReason, code contracts.Code) {
	t.Helper()
	var got contracts.Code
	if e := r.Metadata.Error; e != nil {
		got = e.Code
	}
	if r.Metadata.StopReason != reason || got != code {
		t.Errorf("session ended with %s, %q (%v), want %s, %q", r.Metadata.StopReason, got, r.Metadata.Error, reason, code)
	}
}

func mustCID(t *testing.T, text string) cid.Cid {
	t.Helper()
	id, err := cid.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
