package client

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/krako-labs/krako/contracts"
)

// problem is the part of an RFC 9457 problem that a client acts on.
type problem struct {
	Detail     string                 `json:"detail"`
	Code       contracts.Code         `json:"code"`
	Offender   string                 `json:"offender"`
	Violations []*contracts.Violation `json:"violations"`
}

const maxProblem = 1 << 20

// refused is the error that an answer says.
func refused(resp *http.Response) error {
	var causes []error
	if later := retryAfter(resp.Header); later != nil {
		causes = append(causes, later)
	}
	var p problem
	if !isProblem(resp) || json.NewDecoder(io.LimitReader(resp.Body, maxProblem)).Decode(&p) != nil || !p.Code.Valid() {
		return &contracts.Error{
			Code: codeOf(resp.StatusCode), Message: "the gateway answered " + resp.Status,
			Offender: resp.Request.URL.Path, Cause: errors.Join(causes...),
		}
	}
	if len(p.Violations) > 0 {
		causes = append(causes, &contracts.InvalidError{Violations: p.Violations})
	}
	return &contracts.Error{Code: p.Code, Message: p.Detail, Offender: p.Offender, Cause: errors.Join(causes...)}
}

func isProblem(resp *http.Response) bool {
	t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && t == "application/problem+json"
}

// codeOf guesses the code of an answer without a problem: one to HEAD, or one
// of something between here and the gateway.
func codeOf(status int) contracts.Code {
	switch {
	case status == http.StatusNotFound:
		return contracts.CodeNotFound
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return contracts.CodeAuth
	case status == http.StatusUnprocessableEntity:
		return contracts.CodeValidation
	case status == http.StatusTooManyRequests:
		return contracts.CodeRateLimited
	case status >= http.StatusInternalServerError:
		return contracts.CodeNetwork
	}
	return contracts.CodeUnsupported
}
