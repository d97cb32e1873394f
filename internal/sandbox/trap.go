package sandbox

import (
	"context"
	"errors"
	"strings"
	"time"

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

// over reports whether a caller's context has ended. Its deadline is compared
// with the clock: where guests keep every processor busy, no timer fires in time.
func over(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	end, ok := ctx.Deadline()
	return ok && !time.Now().Before(end)
}

// interrupted is the error of work that its caller's context ended.
func interrupted(ctx context.Context, what string) error {
	switch err := ctx.Err(); {
	case err == nil:
		return contracts.Errorf(contracts.CodeTimeout, what, "deadline: %w", context.DeadlineExceeded)
	case errors.Is(err, context.DeadlineExceeded):
		return contracts.Errorf(contracts.CodeTimeout, what, "deadline: %w", context.Cause(ctx))
	}
	return contracts.Errorf(contracts.CodeCancelled, what, "cancelled: %w", context.Cause(ctx))
}
