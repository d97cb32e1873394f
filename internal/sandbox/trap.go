package sandbox

import (
	"context"
	"errors"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

const trapOutOfBounds = "out of bounds memory access"

// trapNames are wazero's texts for what a guest alone can cause. wazero keeps
// the values internal, so the text is all there is to go by; a text not listed
// is a fault of the machine and never becomes a result. So is wazero's own
// "stack overflow": the guest's call depth ends long before.
var trapNames = map[string]bool{
	trapOutOfBounds:                 true,
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
func (x *execution) verdict(err error) (*stop, error) {
	switch {
	case x.stopped != nil:
		return x.stopped, nil
	case x.interrupted:
		return nil, interrupted(x.ctx, "run")
	case err == nil:
		return nil, nil
	}
	if name, ok := trapName(err); ok {
		return &stop{contracts.CodeTrap, name}, nil
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
