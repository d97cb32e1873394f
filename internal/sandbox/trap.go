package sandbox

import (
	"context"
	"errors"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// Names of the traps, the same on every engine.
const (
	trapOutOfBounds   = "out of bounds memory access"
	trapStackOverflow = "stack overflow"
)

// trapNames are wazero's texts for what a guest alone can cause. wazero keeps
// the values internal, so the text is all there is to go by; a text not listed
// is a fault of the machine and never becomes a result.
var trapNames = map[string]bool{
	trapOutOfBounds:                 true,
	trapStackOverflow:               true,
	"unreachable":                   true,
	"invalid table access":          true,
	"indirect call type mismatch":   true,
	"integer overflow":              true,
	"integer divide by zero":        true,
	"invalid conversion to integer": true,
}

// trapName returns the name of the trap that err reports.
func trapName(err error) (string, bool) {
	text, _, _ := strings.Cut(err.Error(), "\n")
	name := strings.TrimPrefix(text, "wasm error: ")
	return name, trapNames[name]
}

// verdict turns what a call into the guest returned into the guest's own stop
// (nil for none) or, where the guest is not to blame, an error.
func (x *execution) verdict(ctx context.Context, err error) (*stop, error) {
	switch {
	case x.stopped != nil:
		return x.stopped, nil
	case err == nil:
		return nil, nil
	}
	if name, ok := trapName(err); ok {
		code := contracts.CodeTrap
		if name == trapStackOverflow {
			code = contracts.CodeStackOverflow
		}
		return &stop{code, name}, nil
	}
	if ctx.Err() != nil {
		return nil, interrupted(ctx, "run")
	}
	return nil, contracts.Errorf(contracts.CodeInternal, "sandbox", "run guest: %w", err)
}

// interrupted is the error of work that its caller's context ended.
func interrupted(ctx context.Context, what string) error {
	err := context.Cause(ctx)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return contracts.Errorf(contracts.CodeTimeout, what, "deadline: %w", err)
	}
	return contracts.Errorf(contracts.CodeCancelled, what, "cancelled: %w", err)
}
