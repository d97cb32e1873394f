package access

import (
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Later is a refusal that will be over at a known time.
type Later struct {
	After time.Duration
	Cause *contracts.Error
}

// untilRaised is what whoever is refused by a bound is told to wait that only an
// operator moves: there is no time at which it passes by itself.
const untilRaised = time.Hour

// Full is a RESOURCE_EXHAUSTED that lasts until an operator does something.
func Full(offender, format string, args ...any) error {
	return &Later{After: untilRaised, Cause: contracts.Errorf(contracts.CodeResourceExhausted, offender, format, args...)}
}

func (e *Later) Error() string { return e.Cause.Error() }
func (e *Later) Unwrap() error { return e.Cause }
