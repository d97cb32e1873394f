package gateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/gateway"
)

// quick retries without waiting for long.
var quick = client.Retry{Attempts: 5, First: time.Microsecond, Most: time.Millisecond}

func (w *world) client(t testing.TB) *client.Client {
	return clientOf(t, w.serve(t).URL)
}

func clientOf(t testing.TB, url string) *client.Client {
	t.Helper()
	c, err := client.New(url, client.WithRetry(quick), client.WithKey(operatorKey()))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientAndGatewayAgree(t *testing.T) {
	w := newWorld(gateway.Config{})
	c := w.client(t)
	ctx := t.Context()
	g := graph()
	out, err := c.Submit(ctx, g, metadata())
	if err != nil || out.Status != contracts.SubmitAccepted {
		t.Fatalf("submit: %+v, %v", out, err)
	}
	id := out.SessionID
	if again, err := c.Submit(ctx, g, metadata()); err != nil || !again.Existing || again.SessionID != id {
		t.Errorf("submit again: %+v, %v", again, err)
	}
	if v, err := c.Session(ctx, id); err != nil || v.RequestID != g.RequestID {
		t.Errorf("session: %+v, %v", v, err)
	}
	w.begin(t, 0)
	if l, err := c.Sessions(ctx, "", 1); err != nil || len(l.Sessions) != 1 || l.Next == "" {
		t.Errorf("sessions: %+v, %v", l, err)
	} else if l, err = c.Sessions(ctx, l.Next, 500); err != nil || len(l.Sessions) != 1 || l.Next != "" {
		t.Errorf("second page: %+v, %v", l, err)
	}
	if r, ok, err := c.Result(ctx, id, 0); r != nil || ok || err != nil {
		t.Errorf("result of a running session: %v, %v, %v", r, ok, err)
	}
	for _, unit := range []contracts.UnitID{"u", "a/b:c", ".", "..", "//"} {
		if r, err := c.Receipt(ctx, id, unit); err != nil || string(r.Unit) != string(unit) {
			t.Errorf("receipt of %s: %+v, %v", unit, r, err)
		}
	}
	if err := c.Cancel(ctx, id); err != nil {
		t.Errorf("cancel: %v", err)
	}
	if r, err := c.Wait(ctx, id); err != nil || r.Metadata.State != contracts.SessionCancelled {
		t.Errorf("wait: %+v, %v", r, err)
	}
	if l, err := c.Nodes(ctx); err != nil || len(l.Nodes) != 0 {
		t.Errorf("nodes: %+v, %v", l, err)
	}
	if l, err := c.Tasks(ctx); err != nil || len(l.Tasks) != 1 {
		t.Errorf("tasks: %+v, %v", l, err)
	}
	if a, err := c.Capabilities(ctx); err != nil || a.Compatible() == nil && len(a.SchemaVersions) == 0 {
		t.Errorf("capabilities: %+v, %v", a, err)
	}
	w.set(func() { w.health = contracts.Unavailable })
	if h, err := c.Health(ctx); err != nil || h.State != contracts.Unavailable {
		t.Errorf("health: %+v, %v", h, err)
	}
}

func TestClientMovesBlocks(t *testing.T) {
	w := newWorld(gateway.Config{MaxBlockBytes: 1 << 20})
	c := w.client(t)
	ctx := t.Context()
	data := []byte(strings.Repeat("block", 1000))
	want := dagcbor.RawCID(data)
	if has, err := c.HasBlock(ctx, want); has || err != nil {
		t.Errorf("has before put: %v, %v", has, err)
	}
	if _, err := c.GetBlock(ctx, want); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("get before put: %v", err)
	}
	if got, err := c.PutBlock(ctx, cid.Raw, data); err != nil || got != want {
		t.Errorf("put: %s, %v", got, err)
	}
	if has, err := c.HasBlock(ctx, want); !has || err != nil {
		t.Errorf("has: %v, %v", has, err)
	}
	if got, err := c.GetBlock(ctx, want); err != nil || string(got) != string(data) {
		t.Errorf("get: %d bytes, %v", len(got), err)
	}
	if _, err := c.PutBlock(ctx, cid.DagCBOR, []byte{0x18, 1}); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("put of sloppy CBOR: %v", err)
	}
	if _, err := c.PutBlock(ctx, cid.Raw, make([]byte, 1<<20+1)); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("put over the cap: %v", err)
	}
}

func TestClientLearnsViolations(t *testing.T) {
	w := newWorld(gateway.Config{})
	g := graph()
	g.WorkUnits[0].Dependencies = []contracts.UnitID{"unit"}
	want := g.Validate(contracts.DefaultLimits())
	_, err := w.client(t).Submit(t.Context(), g, metadata())
	if contracts.CodeOf(err) != contracts.CodeValidation || !contracts.Broken(err, contracts.RuleDepSelf) {
		t.Fatalf("submit: %v", err)
	}
	if diff := cmp.Diff(contracts.AsViolations(want), contracts.AsViolations(err)); diff != "" {
		t.Error(diff)
	}
	e, _ := errors.AsType[*contracts.Error](err)
	if e.Offender != "unit" {
		t.Errorf("offender is %q", e.Offender)
	}
}

// severed is the gateway behind a line that breaks: the answers are cut one
// after the other at the byte that cuts names; when there is no cut left the
// line holds.
type severed struct {
	http.Handler
	cuts  []int
	calls int
}

func (s *severed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.calls == len(s.cuts) {
		s.Handler.ServeHTTP(w, r)
		return
	}
	cut := &cutWriter{w, s.cuts[s.calls]}
	s.calls++
	s.Handler.ServeHTTP(cut, r)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b[:min(len(b), w.left)])
	w.left -= n
	if err == nil && n < len(b) {
		err = io.ErrClosedPipe
	}
	return n, err
}

func (w *cutWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestClientResumesAtEveryByte cuts a stream at every byte, several times in a
// row, and wants every event exactly once and in order.
func TestClientResumesAtEveryByte(t *testing.T) {
	w := newWorld(gateway.Config{})
	id := w.begin(t, 4)
	w.finish(id)
	want := w.want(id)
	want = want[:len(want)-1]
	size := w.get("/v1/sessions/" + string(id) + "/events").Body.Len()
	line := &severed{Handler: w.handler}
	srv := httptest.NewServer(line)
	defer srv.Close()
	c := clientOf(t, srv.URL)
	for cut := range size + 1 {
		line.cuts, line.calls = []int{cut, cut / 2, size - cut}, 0
		var got []string
		err := c.Events(t.Context(), id, "", func(e contracts.Event) error {
			got = append(got, e.ID)
			return nil
		})
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("cut at byte %d of %d: %v, %v, want %v", cut, size, got, err, want)
		}
	}
}

func TestBackendExecutes(t *testing.T) {
	w := newWorld(gateway.Config{})
	b := client.NewBackend(w.client(t), "test")
	g := graph()
	go func() {
		id := <-w.submitted
		for range 5 {
			w.emit(id, 1)
		}
		w.finish(id)
	}()
	for range 2 { // the second time, everything has happened already
		var seen []string
		res, err := b.Execute(t.Context(), g, contracts.ExecutionContext{TraceID: "trace"}, func(e contracts.Event) { seen = append(seen, e.ID) })
		if err != nil || res.Metadata.State != contracts.SessionCompleted || string(res.FinalOutput) != `{"answer":42}` {
			t.Fatalf("execute: %+v, %v", res, err)
		}
		if len(seen) != 5 || !slices.IsSorted(seen) {
			t.Errorf("observed %v", seen)
		}
	}
	if res, err := b.Execute(t.Context(), g, contracts.ExecutionContext{}, nil); err != nil || !res.Metadata.State.Final() {
		t.Errorf("execute unobserved: %+v, %v", res, err)
	}
}

func TestBackendCancelsWhatNobodyWaitsFor(t *testing.T) {
	for _, observed := range []bool{false, true} {
		w := newWorld(gateway.Config{})
		b := client.NewBackend(w.client(t), "test")
		ctx, cancel := context.WithCancel(t.Context())
		var observe func(contracts.Event)
		if observed {
			observe = func(contracts.Event) {}
		}
		var id contracts.SessionID
		go func() {
			defer cancel()
			id = <-w.submitted
			<-w.sessions[id].arrived // the backend waits for the session
		}()
		res, err := b.Execute(ctx, graph(), contracts.ExecutionContext{}, observe)
		if res != nil || contracts.CodeOf(err) != contracts.CodeCancelled || !errors.Is(err, context.Canceled) {
			t.Errorf("execute: %v, %v", res, err)
		}
		if s := w.sessions[id].view.State; s != contracts.SessionCancelled {
			t.Errorf("the session is %s", s)
		}
	}
}

func TestBackendReportsRefusals(t *testing.T) {
	w := newWorld(gateway.Config{})
	b := client.NewBackend(w.client(t), "test")
	g := graph()
	g.TenantID = ""
	if res, err := b.Execute(t.Context(), g, contracts.ExecutionContext{}, nil); res != nil || !contracts.Broken(err, contracts.RuleIdentity) {
		t.Errorf("invalid graph: %v, %v", res, err)
	}
	w.set(func() { w.fail = contracts.Errorf(contracts.CodeRateLimited, "tenant", "enough") })
	if res, err := b.Execute(t.Context(), graph(), contracts.ExecutionContext{}, nil); res != nil || contracts.CodeOf(err) != contracts.CodeRateLimited {
		t.Errorf("no capacity: %v, %v", res, err)
	}
}
