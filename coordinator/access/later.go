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

func (e *Later) Error() string { return e.Cause.Error() }
func (e *Later) Unwrap() error { return e.Cause }
