package obs_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/obs"
)

// receiver is a collector.
func receiver(t *testing.T) (url string, got func() []*spans.Span) {
	t.Helper()
	var mu sync.Mutex
	var list []*spans.Span
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			body = z
		}
		b, err := io.ReadAll(body)
		var req collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(b, &req)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, rs := range req.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				list = append(list, ss.Spans...)
			}
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []*spans.Span { mu.Lock(); defer mu.Unlock(); return list }
}

const sessionOf = "018bcfe5-6800-7000-8000-0123456789ab"

// tell makes the events of a session whose unit is copied, whose copy is done first.
func tell(t *testing.T, to *obs.Traces, parent string) {
	t.Helper()
	at := time.UnixMilli(1_700_000_000_000).UTC()
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
		{contracts.EventUnitCompleted, "a", contracts.UnitEnded{StopReason: contracts.StopSuccess, Node: "fast", DurationMS: 250, Fuel: 7, ResultCID: "r"}},
		{contracts.EventSessionCompleted, "", contracts.SessionEnded{StopReason: contracts.StopSuccess}},
	} {
		data, err := json.Marshal(e.data)
		if err != nil {
			t.Fatal(err)
		}
		to.Take(contracts.Event{
			ID: string(e.kind), Type: e.kind, Subject: e.unit, SessionID: sessionOf, TenantID: "lab", Attempt: 1, TraceParent: parent,
			Time: contracts.Time{Time: at.Add(time.Duration(i) * time.Second)}, Data: data,
		})
	}
}

func attr(s *spans.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

func TestASessionIsATrace(t *testing.T) {
	for name, c := range map[string]struct{ parent, trace, above string }{
		"of its own":    {"", strings.ReplaceAll(sessionOf, "-", ""), sessionOf[19:23] + sessionOf[24:]},
		"of its caller": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"},
		"of no caller":  {"anything", strings.ReplaceAll(sessionOf, "-", ""), sessionOf[19:23] + sessionOf[24:]},
	} {
		t.Run(name, func(t *testing.T) {
			url, got := receiver(t)
			to, err := obs.NewTraces(t.Context(), url, "krako-coord", "test")
			if err != nil {
				t.Fatal(err)
			}
			tell(t, to, c.parent)
			if err := to.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			by := map[string]*spans.Span{}
			for _, s := range got() {
				by[s.Name+" "+attr(s, "krako.node")] = s
				if id := hexOf(s.TraceId); id != c.trace {
					t.Errorf("span %s is of trace %s, want %s", s.Name, id, c.trace)
				}
				if attr(s, "krako.session") != sessionOf || attr(s, "krako.event") == "" {
					t.Errorf("span %s does not name its event: %v", s.Name, s.Attributes)
				}
			}
			session, slow, fast, sandbox := by["session "], by["execution slow"], by["execution fast"], by["sandbox fast"]
			if len(by) != 4 || session == nil || slow == nil || fast == nil || sandbox == nil {
				t.Fatalf("spans: %v", got())
			}
			if hexOf(session.ParentSpanId) != c.above {
				t.Errorf("the session is below %s, want %s", hexOf(session.ParentSpanId), c.above)
			}
			if hexOf(slow.ParentSpanId) != hexOf(session.SpanId) || hexOf(fast.ParentSpanId) != hexOf(session.SpanId) || hexOf(sandbox.ParentSpanId) != hexOf(fast.SpanId) {
				t.Error("spans are below others than they belong to")
			}
			if slow.Status.GetCode() != spans.Status_STATUS_CODE_ERROR || fast.Status.GetCode() != spans.Status_STATUS_CODE_OK {
				t.Errorf("the overtaken execution is %v, the other %v", slow.Status, fast.Status)
			}
			if d := time.Duration(sandbox.EndTimeUnixNano - sandbox.StartTimeUnixNano); d != 250*time.Millisecond {
				t.Errorf("the sandbox ran %s", d)
			}
		})
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, x := range b {
		s.WriteByte(digits[x>>4])
		s.WriteByte(digits[x&15])
	}
	return s.String()
}

func TestCollectorsThatAreNone(t *testing.T) {
	for _, url := range []string{"localhost:4318", "ftp://x", "http://", "://"} {
		if _, err := obs.NewTraces(t.Context(), url, "s", "v"); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%s: %v", url, err)
		}
	}
}
