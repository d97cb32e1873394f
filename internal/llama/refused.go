package llama

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// refusal is a server's error, in an answer or in the middle of a stream.
type refusal struct {
	Error struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Type    string `json:"type"`
	} `json:"error"`
}

// refused is the error for an answer with an HTTP status other than 200.
func refused(path string, status int, body []byte) error {
	var r refusal
	if json.Unmarshal(body, &r) != nil || r.Error.Message == "" {
		r.Error.Message = "server answered " + http.StatusText(status)
	}
	if r.Error.Code == 0 {
		r.Error.Code = status
	}
	return r.err(path)
}

// err maps what a server says to a code. What a server says about a request may
// quote it, and so may hold a prompt: only the parts known not to are kept.
func (r refusal) err(path string) error {
	code, message := r.meaning()
	return contracts.Errorf(code, path, "%s", message)
}

func (r refusal) meaning() (contracts.Code, string) {
	e := r.Error
	switch {
	case e.Type == "exceed_context_size_error", strings.Contains(e.Message, "Context size has been exceeded"):
		return contracts.CodeContextOverflow, "prompt and answer do not fit into the model's context"
	case strings.Contains(e.Message, "is too large to process"): // a 500 for the caller's fault
		return contracts.CodeContextOverflow, "input is longer than one batch of the server"
	case e.Code == http.StatusServiceUnavailable:
		return contracts.CodeModelUnavailable, "the model is being loaded"
	case e.Code == http.StatusTooManyRequests:
		return contracts.CodeResourceExhausted, "the server is saturated"
	case e.Code == http.StatusUnauthorized || e.Code == http.StatusForbidden:
		return contracts.CodeAuth, "the server wants another key"
	case e.Code == http.StatusNotImplemented:
		return contracts.CodeUnsupported, "the server was not started with what this needs: " + first(e.Message)
	case e.Code == http.StatusNotFound:
		return contracts.CodeUnsupported, "the server does not know this call"
	case strings.Contains(e.Message, "json_schema") || strings.Contains(e.Message, "grammar"):
		return contracts.CodeUnsupported, "the server cannot decode under this schema"
	case e.Code >= 400 && e.Code < 500:
		return contracts.CodeValidation, "the server refuses the request"
	}
	return contracts.CodeInternal, "the server failed"
}

// first returns the beginning of a message that never quotes a request.
func first(message string) string { return message[:min(len(message), 200)] }
