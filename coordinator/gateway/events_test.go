package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/gateway"
)

// serve puts w behind a real socket.
func (w *world) serve(t testing.TB) *httptest.Server {
	srv := httptest.NewServer(w.handler)
	t.Cleanup(srv.Close)
	return srv
}

// open asks for the events after the one with the id after.
func open(ctx context.Context, t testing.TB, base string, id contracts.SessionID, after string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/v1/sessions/"+string(id)+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+operatorKey())
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// ids are the ids of the frames in a stream, with "end" for the last one.
func ids(t testing.TB, body io.Reader, most int) []string {
	t.Helper()
	var got []string
	lines := bufio.NewScanner(body)
	for len(got) < most && lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			got = append(got, id)
		}
		if lines.Text() == "event: end" {
			got = append(got, "end")
		}
	}
	return got
}

func (w *world) want(id contracts.SessionID) []string {
	var all []string
	w.set(func() {
		for _, e := range w.sessions[id].events {
			all = append(all, e.ID)
		}
	})
	return append(all, "end")
}

const plenty = 1 << 20

func TestStreamResumesAtEveryEvent(t *testing.T) {
	w := newWorld(gateway.Config{})
	srv := w.serve(t)
	id := w.begin(t, 100)
	w.finish(id)
	want := w.want(id)
	for cut := range len(want) - 1 {
		first := open(t.Context(), t, srv.URL, id, "")
		got := ids(t, first.Body, cut)
		if err := first.Body.Close(); err != nil {
			t.Fatal(err)
		}
		after := ""
		if cut > 0 {
			after = got[cut-1]
		}
		got = append(got, ids(t, open(t.Context(), t, srv.URL, id, after).Body, plenty)...)
		if !slices.Equal(got, want) {
			t.Fatalf("cut after %d events, resumed: %d frames, want %d", cut, len(got), len(want))
		}
	}
}

func TestStreamIsOverAfterTheLastEvent(t *testing.T) {
	w := newWorld(gateway.Config{})
	srv := w.serve(t)
	id := w.begin(t, 3)
	w.finish(id)
	if resp := open(t.Context(), t, srv.URL, id, w.want(id)[2]); resp.StatusCode != http.StatusNoContent {
		t.Errorf("status is %d", resp.StatusCode)
	}
	if rec := w.get("/v1/sessions/" + string(id) + "/events?after=" + w.want(id)[1]); !slices.Equal(ids(t, rec.Body, plenty), w.want(id)[2:]) {
		t.Errorf("after as a parameter: %s", rec.Body)
	}
}

func TestStreamFollowsTheSession(t *testing.T) {
	w := newWorld(gateway.Config{})
	srv := w.serve(t)
	id := w.begin(t, 2)
	resp := open(t.Context(), t, srv.URL, id, "")
	if ct := resp.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Errorf("content type is %q", ct)
	}
	body := bufio.NewReader(resp.Body)
	got := ids(t, untilBlank(t, body, 3), plenty) // retry and two events
	for range 3 {
		w.emit(id, 1)
		got = append(got, ids(t, untilBlank(t, body, 1), plenty)...)
	}
	w.finish(id)
	got = append(got, ids(t, body, plenty)...)
	if want := w.want(id); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// untilBlank reads n frames.
func untilBlank(t testing.TB, r *bufio.Reader, n int) io.Reader {
	t.Helper()
	var read strings.Builder
	for n > 0 {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("stream ended after %q: %v", read.String(), err)
		}
		read.WriteString(line)
		if line == "\n" && !strings.HasSuffix(read.String(), ": keep-alive\n\n") {
			n--
		}
	}
	return strings.NewReader(read.String())
}

func TestSilentStreamShowsLife(t *testing.T) {
	w := newWorld(gateway.Config{KeepAlive: time.Millisecond})
	srv := w.serve(t)
	resp := open(t.Context(), t, srv.URL, w.begin(t, 0), "")
	body := bufio.NewReader(resp.Body)
	for signs := 0; signs < 3; {
		line, err := body.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == ": keep-alive\n" {
			signs++
		}
	}
}

func TestStreamThatFailsHasNoEnd(t *testing.T) {
	w := newWorld(gateway.Config{})
	id := w.begin(t, 2)
	w.sessions[id].failure = errors.New("the log is gone")
	rec := w.get("/v1/sessions/" + string(id) + "/events")
	want := w.want(id)[:2]
	if got := ids(t, rec.Body, plenty); rec.Code != http.StatusOK || !slices.Equal(got, want) {
		t.Errorf("%d %v, want %v", rec.Code, got, want)
	}
	if !strings.Contains(w.log.String(), "the log is gone") {
		t.Errorf("log is %s", w.log)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	w := newWorld(gateway.Config{MaxWaiting: 1})
	srv := w.serve(t)
	id := w.begin(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	first := open(ctx, t, srv.URL, id, "")
	ids(t, first.Body, 1)
	for _, target := range []string{"/events", "/result"} {
		rec := w.get("/v1/sessions/" + string(id) + target)
		wantProblem(t, rec, http.StatusTooManyRequests, contracts.CodeResourceExhausted)
	}
	cancel()
	for deadline := time.Now().Add(time.Minute); ; { // until the server has seen the client go
		if rec := w.get("/v1/sessions/" + string(id) + "/result"); rec.Code == http.StatusAccepted {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a client that left still counts")
		}
	}
}

func TestResult(t *testing.T) {
	w := newWorld(gateway.Config{})
	id := w.begin(t, 0)
	target := "/v1/sessions/" + string(id) + "/result"
	rec := w.get(target)
	if p := decode[gateway.Pending](t, rec); rec.Code != http.StatusAccepted || p.Status != contracts.SessionRunning || p.SessionID != id {
		t.Errorf("pending: %d %s", rec.Code, rec.Body)
	}
	answered := make(chan *httptest.ResponseRecorder)
	go func() { answered <- w.get(target + "?wait=60s") }()
	w.finish(id)
	rec = <-answered
	if r := decode[contracts.ExecutionResult](t, rec); rec.Code != http.StatusOK || r.Metadata.State != contracts.SessionCompleted || string(r.FinalOutput) != `{"answer":42}` {
		t.Errorf("waited: %d %s", rec.Code, rec.Body)
	}
	if rec := w.get(target + "?wait=0s"); rec.Code != http.StatusOK {
		t.Errorf("at once: %d %s", rec.Code, rec.Body)
	}
}

func TestServeEndsWhoWaits(t *testing.T) {
	w := newWorld(gateway.Config{})
	ln, err := gateway.Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- gateway.Serve(ctx, ln, w.handler, slog.New(slog.DiscardHandler)) }()
	id := w.begin(t, 1)
	base := "http://" + ln.Addr().String()
	stream := open(t.Context(), t, base, id, "")
	if got := ids(t, stream.Body, 1); len(got) != 1 {
		t.Fatalf("got %v", got)
	}
	type polled struct {
		status int
		err    error
	}
	poll := make(chan polled, 1)
	go func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/v1/sessions/"+string(id)+"/result?wait=60s", nil)
		if err != nil {
			poll <- polled{err: err}
			return
		}
		req.Header.Set("Authorization", "Bearer "+operatorKey())
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			poll <- polled{err: err}
			return
		}
		poll <- polled{resp.StatusCode, resp.Body.Close()}
	}()
	for range 2 { // the stream and the poll wait for the session
		<-w.sessions[id].arrived
	}
	stop()
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
	if p := <-poll; p.err != nil || p.status != http.StatusAccepted {
		t.Errorf("poll: %+v", p)
	}
	if rest := ids(t, stream.Body, plenty); len(rest) != 0 {
		t.Errorf("a stream that was cut goes on with %v", rest)
	}
}

func TestListenRefusesWhatOthersCanReach(t *testing.T) {
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0", "*:0"} {
		ln, err := gateway.Listen(addr, nil)
		if _, ok := errors.AsType[*gateway.ExposedError](err); !ok {
			t.Errorf("%s: %v, %v", addr, ln, err)
		}
	}
	for _, addr := range []string{"127.0.0.1", "127.0.0.1:x"} {
		if _, err := gateway.Listen(addr, nil); err == nil {
			t.Errorf("%s is no address", addr)
		}
	}
	ln, err := gateway.Listen("localhost:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
}
