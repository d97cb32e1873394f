package contracts

import (
	"errors"
	"fmt"
)

// Code is a machine-readable error code of CONTRACTS section 8. The set is
// closed: codes are never renamed and a reader may switch over all of them.
type Code string

const (
	CodeValidation        Code = "VALIDATION_ERROR"
	CodeSchemaMismatch    Code = "SCHEMA_MISMATCH"
	CodeTrap              Code = "TRAP"
	CodeExitNonzero       Code = "EXIT_NONZERO"
	CodeOutOfFuel         Code = "OUT_OF_FUEL"
	CodeOutOfMemory       Code = "OUT_OF_MEMORY"
	CodeStackOverflow     Code = "STACK_OVERFLOW"
	CodeTimeout           Code = "TIMEOUT"
	CodeNetwork           Code = "NETWORK_ERROR"
	CodeAuth              Code = "AUTH_ERROR"
	CodeRateLimited       Code = "RATE_LIMITED"
	CodeResourceExhausted Code = "RESOURCE_EXHAUSTED"
	CodeBudgetExceeded    Code = "BUDGET_EXCEEDED"
	CodeRegionUnavailable Code = "REGION_UNAVAILABLE"
	CodeModelUnavailable  Code = "MODEL_UNAVAILABLE"
	CodeContextOverflow   Code = "CONTEXT_OVERFLOW"
	CodeBadOutput         Code = "BAD_OUTPUT"
	CodeNoQuorum          Code = "NO_QUORUM"
	CodePrivacyViolation  Code = "PRIVACY_VIOLATION"
	CodeNotFound          Code = "NOT_FOUND"
	CodeConflict          Code = "CONFLICT"
	CodeCancelled         Code = "CANCELLED"
	CodeVersionMismatch   Code = "VERSION_MISMATCH"
	CodeUnsupported       Code = "UNSUPPORTED"
	CodeInternal          Code = "INTERNAL"
)

// codes fixes, for every code, whether trying the same thing again elsewhere
// or later can succeed. Deterministic failures of a program never can.
var codes = map[Code]struct{ retryable bool }{
	CodeValidation:        {false},
	CodeSchemaMismatch:    {false},
	CodeTrap:              {false},
	CodeExitNonzero:       {false},
	CodeOutOfFuel:         {false},
	CodeOutOfMemory:       {false},
	CodeStackOverflow:     {false},
	CodeTimeout:           {true},
	CodeNetwork:           {true},
	CodeAuth:              {false},
	CodeRateLimited:       {true},
	CodeResourceExhausted: {true},
	CodeBudgetExceeded:    {false},
	CodeRegionUnavailable: {true},
	CodeModelUnavailable:  {true},
	CodeContextOverflow:   {false},
	CodeBadOutput:         {false},
	CodeNoQuorum:          {true},
	CodePrivacyViolation:  {false},
	CodeNotFound:          {false},
	CodeConflict:          {false},
	CodeCancelled:         {false},
	CodeVersionMismatch:   {false},
	CodeUnsupported:       {false},
	CodeInternal:          {true},
}

// Valid reports whether c belongs to the closed set.
func (c Code) Valid() bool { _, ok := codes[c]; return ok }

// Retryable reports whether another attempt may succeed. It is a property of
// the code alone, the same in every component.
func (c Code) Retryable() bool { return codes[c].retryable }

// Error is the form in which a failure crosses a process boundary: a code for
// machines, a message for people and, where there is one, the thing at fault.
type Error struct {
	Code    Code   `json:"code" cbor:"code"`
	Message string `json:"message" cbor:"message"`
	// Offender names what is at fault: a unit id, a CID, a field, a peer.
	Offender string `json:"offender,omitempty" cbor:"offender,omitempty"`
	// Cause is the underlying error. It stays inside the process.
	Cause error `json:"-" cbor:"-"`
}

// Errorf makes an Error with a formatted message; a %w operand becomes Cause.
func Errorf(code Code, offender, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Offender: offender, Cause: errors.Unwrap(err)}
}

func (e *Error) Error() string {
	if e.Offender == "" {
		return fmt.Sprintf("%s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%s: %s: %s", e.Code, e.Offender, e.Message)
}

func (e *Error) Unwrap() error { return e.Cause }

// CodeOf returns the code of the first Error in err's chain, CodeInternal for
// any other error and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
