package studio

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/krako-labs/krako/contracts"
)

// Problem is an error as RFC 9457 spells it, with the code of the contract.
type Problem struct {
	Status int            `json:"status"`
	Title  string         `json:"title"`
	Detail string         `json:"detail"`
	Code   contracts.Code `json:"code"`
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func (p *Problem) json() []byte {
	b, err := json.Marshal(p)
	if err != nil {
		panic("studio: problem does not encode: " + err.Error())
	}
	return b
}

// asProblem is err as the page sees it. What is wrong inside is logged and told
// nobody.
func (s *Server) asProblem(ctx context.Context, err error) *Problem {
	e, ok := errors.AsType[*contracts.Error](err)
	switch {
	case ok:
	case ctx.Err() != nil:
		e = contracts.Errorf(contracts.CodeCancelled, "", "nobody waits for this any more")
	default:
		s.log.ErrorContext(ctx, "request failed", "error", err)
		e = contracts.Errorf(contracts.CodeInternal, "", "something went wrong inside Studio; its log says what")
	}
	status := statusOf(e.Code)
	switch e.Code {
	case contracts.CodePrivacyViolation:
		status = http.StatusForbidden
	case contracts.CodeNetwork:
		status = http.StatusBadGateway
	}
	return &Problem{Status: status, Title: string(e.Code), Detail: e.Message, Code: e.Code}
}
