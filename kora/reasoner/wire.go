package reasoner

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/wire"
)

const (
	// maxEvent bounds one event of a stream, in bytes.
	maxEvent = 8 << 20
	// dialTimeout bounds connecting.
	dialTimeout = 3 * time.Second
)

// wire makes the endpoint's wire.
func (e Endpoint) wire() *wire.Wire {
	s := wire.Server{URL: e.URL, Key: e.Key, Dial: dialTimeout, Refused: refused}
	if path, ok := e.socket(); ok {
		s.URL, s.Socket = "", path
	}
	return wire.New(s)
}

// refused is the error for an answer with a status other than 200. What a server
// says of a request may quote it, and so hold a prompt: none of it is kept.
func refused(path string, status int, body []byte) error {
	message := messageOf(body)
	code, why := contracts.CodeInternal, "the server failed"
	switch {
	case overflows(message):
		code, why = contracts.CodeContextOverflow, "prompt and answer do not fit into the model's context"
	case status == http.StatusServiceUnavailable:
		code, why = contracts.CodeModelUnavailable, "the server loads its model or is full"
	case status == http.StatusTooManyRequests:
		code, why = contracts.CodeRateLimited, "the server has too many requests"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		code, why = contracts.CodeAuth, "the server wants another key"
	case status == http.StatusNotFound:
		code, why = contracts.CodeNotFound, "the server knows no such model or call"
	case status == http.StatusNotImplemented:
		code, why = contracts.CodeUnsupported, "the server was not started with what this needs"
	case strings.Contains(message, "schema") || strings.Contains(message, "grammar"):
		code, why = contracts.CodeUnsupported, "the server cannot decode under this schema"
	case status >= 400 && status < 500:
		code, why = contracts.CodeValidation, "the server refuses the request"
	}
	return contracts.Errorf(code, path, "%s", why)
}

// messageOf returns the message of an error in any of the servers' forms:
// {"error":{"message":…}}, {"error":"…"}.
func messageOf(body []byte) string {
	var outer struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &outer) != nil {
		return ""
	}
	var text string
	if json.Unmarshal(outer.Error, &text) == nil {
		return text
	}
	var inner struct {
		Message string `json:"message"`
		Type    string `json:"type"`
	}
	if json.Unmarshal(outer.Error, &inner) != nil {
		return ""
	}
	return inner.Message + " " + inner.Type
}

func overflows(message string) bool {
	for _, part := range []string{"exceed_context_size", "exceeds the available context", "Context size has been exceeded", "context length", "too large to process"} {
		if strings.Contains(message, part) {
			return true
		}
	}
	return false
}
