package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/coordinator/gateway"
	"github.com/krako-labs/krako/coordinator/gateway/certs"
)

// site is a gateway on the network of this machine.
type site struct {
	*world
	url  string
	pin  string
	stop func() // begins the shutdown and waits for its end
}

func startSite(t *testing.T, cfg gateway.Config) *site {
	t.Helper()
	secure, pin, err := certs.Own(filepath.Join(t.TempDir(), "tls.pem"), []string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ln, err := gateway.Listen("127.0.0.1:0", secure)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{world: newWorld(cfg), url: ln.URL(), pin: pin}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- gateway.Serve(ctx, ln, s.handler, slog.New(slog.DiscardHandler)) }()
	s.stop = func() {
		s.stop = func() {}
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	}
	t.Cleanup(func() { s.stop() })
	return s
}

// transports are clients of every version of HTTP.
func (s *site) transports(t *testing.T) map[string]http.RoundTripper {
	// The pin has a test of its own. Transports write into their configuration.
	trust := func() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }
	h3 := &http3.Transport{TLSClientConfig: trust()}
	t.Cleanup(func() { _ = h3.Close() })
	h1 := &http.Transport{TLSClientConfig: trust(), Protocols: new(http.Protocols)}
	h1.Protocols.SetHTTP1(true)
	h2 := &http.Transport{TLSClientConfig: trust(), Protocols: new(http.Protocols)}
	h2.Protocols.SetHTTP2(true)
	t.Cleanup(h1.CloseIdleConnections)
	t.Cleanup(h2.CloseIdleConnections)
	return map[string]http.RoundTripper{"HTTP/1.1": h1, "HTTP/2.0": h2, "HTTP/3.0": h3}
}

func (s *site) request(t *testing.T, method, path string, body io.Reader, head ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+operatorKey())
	for _, line := range head {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// The API over each version of HTTP by a real client: a graph goes in, its events
// come out, a stream that is cut at any event goes on without loss, bodies are
// bounded.
func TestEveryVersionOfHTTP(t *testing.T) {
	s := startSite(t, gateway.Config{MaxBlockBytes: 1 << 20})
	for version, transport := range s.transports(t) {
		t.Run(version, func(t *testing.T) {
			do := func(r *http.Request) *http.Response {
				t.Helper()
				resp, err := transport.RoundTrip(r)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = resp.Body.Close() })
				if resp.Proto != version {
					t.Errorf("answered over %s", resp.Proto)
				}
				if alt := resp.Header.Get("Alt-Svc"); (alt != "") != (version != "HTTP/3.0") {
					t.Errorf("Alt-Svc is %q", alt)
				}
				return resp
			}
			resp := do(s.request(t, "POST", "/v1/sessions", strings.NewReader(submission(t, graph())), jsonBody))
			var out contracts.SubmitResponse
			if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != http.StatusAccepted {
				t.Fatalf("submit: %d %v", resp.StatusCode, err)
			}
			const events = 5
			s.emit(out.SessionID, events)
			s.resume(t, do, out.SessionID, events)
			for size, want := range map[int]int{1 << 20: http.StatusOK, 1<<20 + 1: http.StatusRequestEntityTooLarge} {
				resp := do(s.request(t, "PUT", "/v1/blocks", bytes.NewReader(make([]byte, size)), "Content-Type: application/vnd.ipld.raw"))
				if resp.StatusCode != want {
					t.Errorf("a block of %d bytes: %d", size, resp.StatusCode)
				}
			}
			r := s.request(t, "GET", "/v1/sessions", nil)
			r.Header.Del("Authorization")
			if resp := do(r); resp.StatusCode != http.StatusUnauthorized {
				t.Errorf("without a key: %d", resp.StatusCode)
			}
		})
	}
}

// resume reads one event from each of many connections, each of which it cuts.
func (s *site) resume(t *testing.T, do func(*http.Request) *http.Response, id contracts.SessionID, n int) {
	t.Helper()
	var want []string
	s.set(func() {
		for _, e := range s.sessions[id].events {
			want = append(want, e.ID)
		}
	})
	last := ""
	for i := range n {
		ctx, cut := context.WithCancel(t.Context())
		r := s.request(t, "GET", "/v1/sessions/"+string(id)+"/events", nil).WithContext(ctx)
		if last != "" {
			r.Header.Set("Last-Event-ID", last)
		}
		got := ids(t, do(r).Body, 1)
		cut()
		if len(got) != 1 || got[0] != want[i] {
			t.Fatalf("after %q comes %v, want %s", last, got, want[i])
		}
		last = got[0]
	}
}

// A stream over HTTP/3 ends when the gateway shuts down; it would hold that up.
func TestShutdownEndsStreams(t *testing.T) {
	s := startSite(t, gateway.Config{})
	id := s.begin(t, 1)
	var streams []*http.Response
	for version, transport := range s.transports(t) {
		resp, err := transport.RoundTrip(s.request(t, "GET", "/v1/sessions/"+string(id)+"/events", nil))
		if err != nil {
			t.Fatalf("%s: %v", version, err)
		}
		if got := ids(t, resp.Body, 1); len(got) != 1 {
			t.Fatalf("%s: %v", version, got)
		}
		streams = append(streams, resp)
	}
	stopped := make(chan struct{})
	go func() { s.stop(); close(stopped) }()
	for _, resp := range streams {
		if rest := ids(t, resp.Body, plenty); len(rest) != 0 {
			t.Errorf("%s goes on with %v", resp.Proto, rest)
		}
		_ = resp.Body.Close()
	}
	<-stopped
}

func TestClientsPinTheCertificate(t *testing.T) {
	s := startSite(t, gateway.Config{})
	ask := func(opts ...client.Option) error {
		c, err := client.New(s.url, append(opts, client.WithRetry(quick), client.WithKey(operatorKey()))...)
		if err != nil {
			return err
		}
		_, err = c.Sessions(t.Context(), "", 1)
		return err
	}
	if err := ask(client.WithPin(s.pin)); err != nil {
		t.Errorf("the right fingerprint: %v", err)
	}
	other := startSite(t, gateway.Config{}).pin
	for name, opts := range map[string][]client.Option{"another's": {client.WithPin(other)}, "none": nil} {
		if err := ask(opts...); contracts.CodeOf(err) != contracts.CodeAuth {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := ask(client.WithPin("sha1:00")); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("no fingerprint: %v", err)
	}
}

// What a hostile client sends is refused without being read to its end, and
// what it does not send is not waited for.
func TestHostileConnections(t *testing.T) {
	s := startSite(t, gateway.Config{MaxDocumentBytes: 1 << 20, BodyTimeout: 200 * time.Millisecond})
	dial := func(t *testing.T) net.Conn {
		t.Helper()
		c, err := tls.Dial("tcp", strings.TrimPrefix(s.url, "https://"), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	status := func(t *testing.T, c net.Conn) int {
		t.Helper()
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	auth := "Host: localhost\r\nAuthorization: Bearer " + operatorKey() + "\r\nContent-Type: application/json\r\n"
	for name, c := range map[string]struct {
		sent string
		want int
	}{
		"a huge header":                 {"GET /v1/sessions HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		"a length over the limit":       {"POST /v1/sessions HTTP/1.1\r\n" + auth + "Content-Length: 99999999999\r\n\r\n{", http.StatusRequestEntityTooLarge},
		"a body that never comes":       {"POST /v1/sessions HTTP/1.1\r\n" + auth + "Content-Length: 1000\r\n\r\n{", http.StatusRequestTimeout},
		"chunks that never come":        {"POST /v1/sessions HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", http.StatusRequestTimeout},
		"a compressed body":             {"POST /v1/sessions HTTP/1.1\r\n" + auth + "Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + strings.Repeat("z", 20), http.StatusUnsupportedMediaType},
		"a body in front of no key":     {"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n{", http.StatusUnauthorized},
		"the start of an unwanted body": {"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{", http.StatusUnauthorized},
		"two lengths":                   {"POST /v1/sessions HTTP/1.1\r\n" + auth + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", http.StatusBadRequest},
		"a length beside chunks":        {"GET /v1/sessions HTTP/1.1\r\n" + auth + "Content-Length: -1\r\n\r\n", http.StatusBadRequest},
		"a key in a folded header":      {"GET /v1/sessions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer\r\n " + operatorKey() + "\r\n\r\n", http.StatusOK},
		"two keys":                      {"GET /v1/sessions HTTP/1.1\r\n" + auth + "Authorization: Bearer x\r\n\r\n", http.StatusUnauthorized},
		"a name of another machine":     {"GET /v1/sessions HTTP/1.1\r\nHost: evil.example\r\n\r\n", http.StatusMisdirectedRequest},
		"a path that leaves the API":    {"GET /v1/sessions/../../etc/passwd HTTP/1.1\r\n" + auth + "\r\n", http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t)
			if _, err := io.WriteString(conn, c.sent); err != nil {
				t.Fatal(err)
			}
			if got := status(t, conn); got != c.want {
				t.Errorf("answered %d, want %d", got, c.want)
			}
		})
	}
	// Meanwhile and afterwards others are served.
	for version, transport := range s.transports(t) {
		resp, err := transport.RoundTrip(s.request(t, "GET", "/v1/sessions", nil))
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s afterwards: %v %v", version, resp, err)
		}
	}
	// Huge headers over the other versions.
	for version, transport := range s.transports(t) {
		resp, err := transport.RoundTrip(s.request(t, "GET", "/v1/sessions", nil, "X-Long: "+strings.Repeat("x", 256<<10)))
		if err == nil && resp.StatusCode < 400 {
			t.Errorf("%s: a header of 256 KiB: %d", version, resp.StatusCode)
		}
	}
}

// A JSON bomb within the limit of bytes is refused by its form, not by the time
// it takes.
func TestDeepDocumentsAreRefused(t *testing.T) {
	w := newWorld(gateway.Config{})
	for name, body := range map[string]string{
		"arrays":  strings.Repeat("[", 1<<20),
		"objects": strings.Repeat(`{"a":`, 1<<18),
		"input": fmt.Sprintf(`{"task_graph":{"work_units":[{"input":%s}]},"submission_metadata":{}}`,
			strings.Repeat(`{"a":`, 100_000)+"1"+strings.Repeat("}", 100_000)),
	} {
		if p := wantProblem(t, w.submit(body), http.StatusUnprocessableEntity, contracts.CodeValidation); p.Submission != contracts.SubmitRejectedSchema {
			t.Errorf("%s: %+v", name, p)
		}
	}
}
