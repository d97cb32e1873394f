package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
)

// Problem is an RFC 9457 problem: what every request that fails is answered
// with, as application/problem+json.
type Problem struct {
	Type       string                 `json:"type" doc:"Names the kind of problem; one for each code." format:"uri"`
	Title      string                 `json:"title" doc:"The kind of problem in words."`
	Status     int                    `json:"status" doc:"The HTTP status."`
	Detail     string                 `json:"detail" doc:"This occurrence in words."`
	Code       contracts.Code         `json:"code" doc:"Machine-readable code from the closed set of CONTRACTS section 8."`
	Offender   string                 `json:"offender,omitempty" doc:"What is at fault: a unit id, a CID, a field, a parameter."`
	Violations []*contracts.Violation `json:"violations,omitempty" doc:"Every broken rule of a graph, up to a bound; paths point into task_graph."`
	Submission contracts.SubmitStatus `json:"submission_status,omitempty" doc:"The verdict, when the problem refuses a submission."`

	retryAfter time.Duration
}

// refusal is an error that HTTP has a status of its own for, so that the status
// does not follow from the code.
type refusal struct {
	status int
	cause  *contracts.Error
}

func (e *refusal) Error() string { return e.cause.Error() }
func (e *refusal) Unwrap() error { return e.cause }

func refuse(status int, code contracts.Code, offender, format string, args ...any) error {
	return &refusal{status, contracts.Errorf(code, offender, format, args...)}
}

// newProblem describes err to a client. Of an error that is not a
// *contracts.Error, or that is internal, it tells only that there was one.
func newProblem(err error) *Problem {
	if _, ok := errors.AsType[*contracts.Error](err); !ok {
		err = withoutCode(err)
	}
	e, _ := errors.AsType[*contracts.Error](err)
	kind, known := kinds[e.Code]
	if !known || e.Code == contracts.CodeInternal {
		e = &contracts.Error{Code: contracts.CodeInternal, Message: "the request failed for a reason inside the coordinator"}
		kind = kinds[e.Code]
	}
	p := &Problem{
		Type:     "https://schemas.krako.dev/v" + contracts.Version + "/problem/" + string(e.Code),
		Title:    kind.title,
		Status:   kind.status,
		Detail:   clip(e.Message, maxDetail),
		Code:     e.Code,
		Offender: clip(e.Offender, maxDetail),
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		p.Status = r.status
	}
	for _, v := range contracts.AsViolations(err) {
		p.Violations = append(p.Violations, &contracts.Violation{
			Rule: v.Rule, Unit: contracts.UnitID(clip(string(v.Unit), maxName)),
			Path: clip(v.Path, maxDetail), Message: clip(v.Message, maxDetail),
		})
	}
	return p
}

func withoutCode(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return contracts.Errorf(contracts.CodeCancelled, "", "the request was cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return contracts.Errorf(contracts.CodeTimeout, "", "the request took too long")
	}
	return contracts.Errorf(contracts.CodeInternal, "", "%w", err)
}

// Bounds of what a problem quotes, in bytes: what is quoted is often the very
// thing that was too long.
const (
	maxDetail = 1 << 10
	maxName   = 128
)

func clip(s string, most int) string {
	if len(s) > most {
		for most > 0 && !utf8.RuneStart(s[most]) {
			most--
		}
		s = s[:most] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// Error implements error.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders implements huma.HeadersError: what RFC 9110 wants beside a status.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		seconds := max(1, int64((p.retryAfter+time.Second-1)/time.Second))
		h.Set("Retry-After", strconv.FormatInt(seconds, 10))
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}

// write answers with p where huma does not: around the routes, and in place of
// a stream that did not begin.
func (p *Problem) write(w http.ResponseWriter) {
	h := w.Header()
	for name, values := range p.GetHeaders() {
		h[name] = values
	}
	h.Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	// The client may be gone; there is nobody else to tell.
	_ = json.NewEncoder(w).Encode(p)
}

// translate gives huma's own errors, all about parameters and negotiation, the
// form of every other error. It is a huma.Transformer.
func translate(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	if m.Status >= http.StatusInternalServerError {
		return newProblem(errors.New(m.Detail)), nil
	}
	offender, detail := "", m.Detail
	for i, e := range m.Errors {
		if i == 0 {
			offender, detail = e.Location, e.Message
		} else {
			detail += "; " + e.Location + ": " + e.Message
		}
	}
	return newProblem(refuse(m.Status, contracts.CodeValidation, offender, "%s", detail)), nil
}
