// Package obstest is a collector of OpenTelemetry traces for tests: it takes OTLP over
// HTTP, as a real one does, and keeps what it was sent.
package obstest

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a span as it was received. Ids are hexadecimal.
type Span struct {
	Name, Service     string
	Trace, ID, Parent string
	Start, End        time.Time
	// OK and Failed are the span's status; neither is an unset one.
	OK, Failed bool
	// Attributes are those whose value is text, Numbers those that are whole.
	Attributes map[string]string
	Numbers    map[string]int64
}

// Receiver is a collector on loopback. It is safe for concurrent use.
type Receiver struct {
	// URL is its address, without a path.
	URL string

	mu    sync.Mutex
	spans []Span
}

// Receive starts a collector that ends with the test. A request that is not OTLP fails
// the test.
func Receive(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		doc, err := read(req)
		if err != nil || req.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", req.URL.Path, err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.keep(doc)
	}))
	t.Cleanup(s.Close)
	r.URL = s.URL
	return r
}

// Spans are those that have come.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.spans)
}

func read(req *http.Request) (*collector.ExportTraceServiceRequest, error) {
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = z
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	doc := &collector.ExportTraceServiceRequest{}
	return doc, proto.Unmarshal(b, doc)
}

func (r *Receiver) keep(doc *collector.ExportTraceServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, of := range doc.ResourceSpans {
		service := ""
		for _, a := range of.Resource.GetAttributes() {
			if a.Key == "service.name" {
				service = a.Value.GetStringValue()
			}
		}
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				r.spans = append(r.spans, span(service, s))
			}
		}
	}
}

func span(service string, s *otlp.Span) Span {
	made := Span{
		Name: s.Name, Service: service,
		Trace: hex.EncodeToString(s.TraceId), ID: hex.EncodeToString(s.SpanId), Parent: hex.EncodeToString(s.ParentSpanId),
		Start: time.Unix(0, int64(s.StartTimeUnixNano)).UTC(), End: time.Unix(0, int64(s.EndTimeUnixNano)).UTC(),
		OK: s.Status.GetCode() == otlp.Status_STATUS_CODE_OK, Failed: s.Status.GetCode() == otlp.Status_STATUS_CODE_ERROR,
		Attributes: map[string]string{}, Numbers: map[string]int64{},
	}
	for _, a := range s.Attributes {
		if v := a.Value.GetStringValue(); v != "" {
			made.Attributes[a.Key] = v
		} else {
			made.Numbers[a.Key] = a.Value.GetIntValue()
		}
	}
	return made
}
