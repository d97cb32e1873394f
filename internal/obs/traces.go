package obs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/krako-labs/krako/contracts"
)

// Traces makes OpenTelemetry traces of the events that are told of sessions, and sends
// them to a collector by OTLP over HTTP. A session is a trace: of the caller's
// traceparent if it came with one, else of its own id. Above it stands the request that
// the gateway answered, below it its executions from placement to result; below those
// what a node ran, as it signed it, and what a model did. Nodes send no spans and are told of no trace (ADR 0061): what they sign is
// shown within the execution that it belongs to, however their clocks go and whatever
// they claim.
//
// It reads what is recorded anyway, behind execution: nothing on the way of a unit
// knows of it. What does not fit its queue is dropped. It is owned by one goroutine,
// but for Answered, which anybody may call.
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	open     map[contracts.SessionID]*story

	mu sync.Mutex
	// answered are requests whose session's beginning was not told yet, begun sessions
	// whose request was not.
	answered map[contracts.SessionID]request
	begun    map[contracts.SessionID]contracts.Event
}

// request is when the gateway was asked for a session, and when it had answered.
type request struct{ from, to time.Time }

// story is a session that has not ended.
type story struct {
	ctx   context.Context
	span  trace.Span
	units map[execution]*executed
}

// execution names a unit's own execution, with replica 0, or a copy.
type execution struct {
	unit    string
	replica uint32
}

type executed struct {
	ctx     context.Context
	span    trace.Span
	lease   uint64
	placed  time.Time
	started time.Time // as the node says, zero before it said so
}

// The bounds of what waits to be sent.
const (
	maxSpans     = 1 << 14
	maxRequests  = 1 << 12 // that are known by half
	exportWithin = 10 * time.Second
)

// NewTraces sends to a collector, as http://host:4318. The error is VALIDATION_ERROR
// for what is no such address.
func NewTraces(ctx context.Context, endpoint, service, version string) (*Traces, error) {
	if err := CheckTraces(endpoint); err != nil {
		return nil, err
	}
	if u, _ := url.Parse(endpoint); u.Path == "" || u.Path == "/" {
		endpoint = strings.TrimSuffix(endpoint, "/") + "/v1/traces"
	}
	to, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint), otlptracehttp.WithTimeout(exportWithin))
	if err != nil {
		return nil, fmt.Errorf("open traces: %w", err)
	}
	about := resource.NewSchemaless(attribute.String("service.name", service), attribute.String("service.version", version))
	p := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(to, sdktrace.WithMaxQueueSize(maxSpans), sdktrace.WithBatchTimeout(time.Second)),
		sdktrace.WithResource(about), sdktrace.WithIDGenerator(names{}),
	)
	return &Traces{
		provider: p, tracer: p.Tracer("github.com/krako-labs/krako"), open: map[contracts.SessionID]*story{},
		answered: map[contracts.SessionID]request{}, begun: map[contracts.SessionID]contracts.Event{},
	}, nil
}

// CheckTraces accepts the address of a collector.
func CheckTraces(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return contracts.Errorf(contracts.CodeValidation, "traces", "%.80q is no http:// or https:// address of a collector", endpoint)
	}
	return nil
}

// Close sends what waits.
func (t *Traces) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// Take takes the next event.
func (t *Traces) Take(e contracts.Event) {
	if e.SessionID == "" {
		return
	}
	if e.Type == contracts.EventSessionStarted {
		t.begin(&e)
		return
	}
	s := t.open[e.SessionID]
	if s == nil {
		return // it began before anybody traced
	}
	switch e.Type {
	case contracts.EventSessionCompleted, contracts.EventSessionFailed, contracts.EventSessionCancelled:
		var d contracts.SessionEnded
		_ = json.Unmarshal(e.Data, &d) // the coordinator has written it
		for k := range s.units {
			s.end(k, &e, "the session has ended")
		}
		finish(s.span, &e, d.Error, string(d.StopReason))
		delete(t.open, e.SessionID)
	case contracts.EventUnitScheduled:
		t.scheduled(s, &e)
	case contracts.EventUnitLeaseLost:
		var d contracts.UnitLeaseLost
		_ = json.Unmarshal(e.Data, &d)
		s.end(execution{e.Subject, d.Replica}, &e, d.Reason)
	case contracts.EventUnitStarted:
		if x := s.units[execution{e.Subject, 0}]; x != nil {
			x.started = e.Time.Time
		}
	case contracts.EventLLMCompleted, contracts.EventLLMFailed:
		t.model(s, &e)
	case contracts.EventUnitCompleted, contracts.EventUnitFailed, contracts.EventUnitTimeout, contracts.EventUnitCancelled:
		t.ended(s, &e)
	case contracts.EventUnitCached, contracts.EventUnitSkipped:
		s.span.AddEvent(string(e.Type), trace.WithTimestamp(e.Time.Time), trace.WithAttributes(ids(&e)...))
	}
}

// Answered takes when the gateway was asked for a new session and had answered. The
// request is told of when the session's beginning is, in whichever order they come.
func (t *Traces) Answered(id contracts.SessionID, from, to time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.begun[id]; ok {
		delete(t.begun, id)
		t.request(&e, request{from, to})
		return
	}
	keep(t.answered, id, request{from, to})
}

func (t *Traces) requested(e *contracts.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, ok := t.answered[e.SessionID]; ok {
		delete(t.answered, e.SessionID)
		t.request(e, r)
		return
	}
	keep(t.begun, e.SessionID, *e)
}

// keep adds to a bounded map, which forgets all when it is full: the other halves of
// what is so old do not come any more.
func keep[V any](m map[contracts.SessionID]V, id contracts.SessionID, v V) {
	if len(m) >= maxRequests {
		clear(m)
	}
	m[id] = v
}

// request tells of the request of a session: below the caller's span, if there is one,
// and above the session's.
func (t *Traces) request(e *contracts.Event, r request) {
	own := trace.SpanContextFromContext(parent(e))
	ctx := context.WithValue(context.Background(), ownName{}, own)
	if sc, ok := ParseTraceParent(e.TraceParent); ok {
		ctx = trace.ContextWithRemoteSpanContext(ctx, sc)
	}
	_, span := t.tracer.Start(ctx, "gateway", trace.WithTimestamp(r.from), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(ids(e)...))
	span.SetStatus(codes.Ok, "")
	span.End(trace.WithTimestamp(r.to))
}

// names gives spans their ids: those of requests follow from their sessions, so that
// the session's span can stand below one that may not have been told yet.
type names struct{}

// ownName is the key of the name that a request's span has.
type ownName struct{}

// NewIDs implements sdktrace.IDGenerator.
func (n names) NewIDs(ctx context.Context) (id trace.TraceID, _ trace.SpanID) {
	if own, ok := ctx.Value(ownName{}).(trace.SpanContext); ok {
		return own.TraceID(), own.SpanID()
	}
	rand.Read(id[:])
	return id, n.NewSpanID(ctx, id)
}

// NewSpanID implements sdktrace.IDGenerator.
func (names) NewSpanID(ctx context.Context, _ trace.TraceID) (id trace.SpanID) {
	if own, ok := ctx.Value(ownName{}).(trace.SpanContext); ok {
		return own.SpanID()
	}
	rand.Read(id[:])
	return id
}

func (t *Traces) begin(e *contracts.Event) {
	t.requested(e)
	ctx := parent(e)
	var d contracts.SessionStarted
	_ = json.Unmarshal(e.Data, &d)
	ctx, span := t.tracer.Start(ctx, "session", trace.WithTimestamp(e.Time.Time), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(append(ids(e), attribute.String("krako.graph.cid", d.GraphCID), attribute.Int("krako.units", d.Units))...))
	t.open[e.SessionID] = &story{ctx: ctx, span: span, units: map[execution]*executed{}}
}

// parent is what a session's span is a child of: its request, named by the second half
// of the session's id, in the caller's trace or in one that has the session's id.
func parent(e *contracts.Event) context.Context {
	var id trace.TraceID
	if raw, err := hex.DecodeString(strings.ReplaceAll(string(e.SessionID), "-", "")); err == nil {
		copy(id[:], raw)
	}
	above := trace.SpanContextConfig{TraceID: id, TraceFlags: trace.FlagsSampled, Remote: true}
	copy(above.SpanID[:], id[8:])
	if sc, ok := ParseTraceParent(e.TraceParent); ok {
		above.TraceID, above.TraceFlags = sc.TraceID(), sc.TraceFlags()
	}
	return trace.ContextWithRemoteSpanContext(context.Background(), trace.NewSpanContext(above))
}

// ParseTraceParent reads a traceparent of W3C Trace Context, version 00.
func ParseTraceParent(text string) (trace.SpanContext, bool) {
	p := strings.Split(text, "-")
	if len(p) != 4 || p[0] != "00" || len(p[3]) != 2 {
		return trace.SpanContext{}, false
	}
	id, err := trace.TraceIDFromHex(p[1])
	if err != nil {
		return trace.SpanContext{}, false
	}
	span, err := trace.SpanIDFromHex(p[2])
	if err != nil {
		return trace.SpanContext{}, false
	}
	flags, err := hex.DecodeString(p[3])
	if err != nil {
		return trace.SpanContext{}, false
	}
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: span, TraceFlags: trace.TraceFlags(flags[0]), Remote: true}), true
}

func (t *Traces) scheduled(s *story, e *contracts.Event) {
	var d contracts.UnitScheduled
	_ = json.Unmarshal(e.Data, &d)
	key := execution{e.Subject, d.Replica}
	if copied, ok := s.units[execution{e.Subject, 1}]; ok && d.Replica == 0 && copied.lease == d.Lease {
		// The copy takes the unit's place.
		delete(s.units, execution{e.Subject, 1})
		s.units[key] = copied
		return
	}
	ctx, span := t.tracer.Start(s.ctx, "execution", trace.WithTimestamp(e.Time.Time), trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(append(ids(e), attribute.String("krako.node", string(d.Target)), attribute.Int64("krako.lease", int64(d.Lease)),
			attribute.Int("krako.replica", int(d.Replica)), attribute.String("krako.placement", d.Reason))...))
	s.units[key] = &executed{ctx: ctx, span: span, lease: d.Lease, placed: e.Time.Time}
}

// end ends an execution that came to nothing.
func (s *story) end(k execution, e *contracts.Event, why string) {
	x := s.units[k]
	if x == nil {
		return
	}
	delete(s.units, k)
	x.span.SetStatus(codes.Error, why)
	x.span.End(trace.WithTimestamp(e.Time.Time))
}

// ended tells what a node ran, by what it signed, and ends the execution.
func (t *Traces) ended(s *story, e *contracts.Event) {
	key := execution{e.Subject, 0}
	x := s.units[key]
	if x == nil {
		return
	}
	delete(s.units, key)
	var d contracts.UnitEnded
	_ = json.Unmarshal(e.Data, &d)
	if !x.started.IsZero() {
		from, to, moved := within(x.started, d.DurationMS, x.placed, e.Time.Time)
		_, span := t.tracer.Start(x.ctx, "sandbox", trace.WithTimestamp(from), trace.WithSpanKind(trace.SpanKindConsumer),
			trace.WithAttributes(append(ids(e), attribute.String("krako.node", string(d.Node)), attribute.String("krako.unit.cid", d.UnitCID),
				attribute.String("krako.result.cid", d.ResultCID), attribute.Int64("krako.fuel", int64(d.Fuel)),
				attribute.Int64("krako.clock.moved_us", moved.Microseconds()))...))
		if d.Error != nil {
			span.SetStatus(codes.Error, string(d.Error.Code))
		}
		span.End(trace.WithTimestamp(to))
	}
	finish(x.span, e, d.Error, string(d.StopReason))
}

func (t *Traces) model(s *story, e *contracts.Event) {
	x := s.units[execution{e.Subject, 0}]
	if x == nil {
		return
	}
	var d contracts.LLMEnded
	_ = json.Unmarshal(e.Data, &d)
	from, _, _ := within(e.Time.Time, d.DurationMS, x.placed, e.Time.Time)
	_, span := t.tracer.Start(x.ctx, "model", trace.WithTimestamp(from), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(append(ids(e), attribute.String("gen_ai.request.model", d.Model),
			attribute.Int64("gen_ai.usage.input_tokens", d.TokensIn), attribute.Int64("gen_ai.usage.output_tokens", d.TokensOut))...))
	finish(span, e, d.Error, "")
}

// within puts what a node claims, a start by its clock and a duration, into the time
// between the placement and the result, which are this machine's: no longer than that,
// and moved by as little as that takes.
func within(start time.Time, ms float64, placed, done time.Time) (from, to time.Time, moved time.Duration) {
	room := max(0, done.Sub(placed))
	took := room
	if ms < float64(room)/float64(time.Millisecond) {
		took = max(0, time.Duration(ms*float64(time.Millisecond)))
	}
	from = start
	if last := placed.Add(room - took); from.After(last) {
		from = last
	}
	if from.Before(placed) {
		from = placed
	}
	return from, from.Add(took), from.Sub(start)
}

// finish ends a span by the event that ended what it is of.
func finish(span trace.Span, e *contracts.Event, failure *contracts.Error, reason string) {
	span.SetAttributes(attribute.String("krako.event.end", e.ID), attribute.String("krako.stop_reason", reason))
	if failure != nil {
		span.SetStatus(codes.Error, string(failure.Code)+": "+failure.Message)
	} else {
		span.SetStatus(codes.Ok, "")
	}
	span.End(trace.WithTimestamp(e.Time.Time))
}

// ids are those of an event: who looks at a span finds it in the log.
func ids(e *contracts.Event) []attribute.KeyValue {
	list := []attribute.KeyValue{
		attribute.String("krako.event", e.ID), attribute.String("krako.session", string(e.SessionID)), attribute.String("krako.tenant", string(e.TenantID)),
	}
	if e.Subject != "" {
		list = append(list, attribute.String("krako.unit", e.Subject), attribute.Int("krako.attempt", int(e.Attempt)))
	}
	return list
}
