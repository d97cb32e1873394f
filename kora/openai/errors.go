package openai

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/krako-labs/krako/contracts"
)

// Types of errors, as OpenAI names them.
const (
	invalid     = "invalid_request_error"
	serverError = "server_error"
)

// apiError is an error as the API shows it.
type apiError struct {
	status  int
	kind    string
	code    string
	param   string
	message string
}

func (e *apiError) Error() string { return e.message }

// body is the error's JSON.
func (e *apiError) body() map[string]any {
	inner := map[string]any{"message": e.message, "type": e.kind, "param": nil, "code": nil}
	if e.param != "" {
		inner["param"] = e.param
	}
	if e.code != "" {
		inner["code"] = e.code
	}
	return map[string]any{"error": inner}
}

// refuse is a request that is not valid.
func refuse(param, why string) error {
	return &apiError{status: http.StatusBadRequest, kind: invalid, code: "invalid_value", param: param, message: param + ": " + why}
}

// unsupported is a request for what this server does not do.
func unsupported(param string) error {
	return &apiError{status: http.StatusBadRequest, kind: invalid, code: "unsupported_parameter", param: param, message: param + " is not supported"}
}

// asAPI turns any error into one that the API shows.
func asAPI(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	e := &apiError{status: http.StatusInternalServerError, kind: serverError, message: "internal error"}
	c, ok := errors.AsType[*contracts.Error](err)
	if !ok {
		return e
	}
	e.message, e.code = c.Message, string(c.Code)
	switch c.Code {
	case contracts.CodeValidation, contracts.CodeUnsupported:
		e.status, e.kind = http.StatusBadRequest, invalid
	case contracts.CodeContextOverflow:
		e.status, e.kind, e.code = http.StatusBadRequest, invalid, "context_length_exceeded"
	case contracts.CodeNotFound:
		e.status, e.kind, e.code = http.StatusNotFound, invalid, "model_not_found"
	case contracts.CodePrivacyViolation, contracts.CodeAuth:
		e.status, e.kind = http.StatusForbidden, "permission_error"
	case contracts.CodeRateLimited, contracts.CodeResourceExhausted, contracts.CodeBudgetExceeded:
		e.status, e.kind = http.StatusTooManyRequests, "rate_limit_error"
	case contracts.CodeModelUnavailable, contracts.CodeRegionUnavailable:
		e.status = http.StatusServiceUnavailable
	case contracts.CodeTimeout:
		e.status = http.StatusGatewayTimeout
	}
	return e
}

func writeError(w http.ResponseWriter, err error) {
	e := asAPI(err)
	w.Header().Set("Content-Type", "application/json")
	// The run is over and says why: to ask again at once would not help, and an SDK
	// that does so unasked would ask a model again.
	w.Header().Set("X-Should-Retry", "false")
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(e.body()) // whoever asked is gone
}

// Refuse answers a request that a guard did not let in, in the form of this API.
func Refuse(w http.ResponseWriter, _ *http.Request, status int, err *contracts.Error) {
	writeError(w, &apiError{status: status, kind: "authentication_error", code: "invalid_api_key", message: err.Message})
}
