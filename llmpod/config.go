package llmpod

import (
	"errors"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Config is how a pool treats its server. DefaultConfig gives every field.
type Config struct {
	// Tier is the class of size that the model is offered as.
	Tier contracts.ModelTier
	// MaxWaiting bounds the requests that wait for a slot.
	MaxWaiting int
	// ParkedSessions and ParkedMB bound what is saved of sessions without a slot.
	ParkedSessions, ParkedMB int
	// FirstToken bounds the wait for an answer's first token, NextToken the wait
	// for each further one.
	FirstToken, NextToken time.Duration
	// SlotTimeout bounds saving, erasing and restoring a slot.
	SlotTimeout time.Duration
}

// DefaultConfig is for a model that reads some hundred tokens a second.
func DefaultConfig() Config {
	return Config{
		Tier: contracts.TierSmall, MaxWaiting: 256, ParkedSessions: 64, ParkedMB: 1024,
		FirstToken: 2 * time.Minute, NextToken: 30 * time.Second, SlotTimeout: 30 * time.Second,
	}
}

// Validate reports every problem at once, each a *contracts.Error
// VALIDATION_ERROR with the setting as Offender.
func (c *Config) Validate() error {
	var errs []error
	check := func(ok bool, setting, format string, args ...any) {
		if !ok {
			errs = append(errs, contracts.Errorf(contracts.CodeValidation, setting, format, args...))
		}
	}
	check(c.Tier == contracts.TierSmall || c.Tier == contracts.TierMedium || c.Tier == contracts.TierLarge, "tier", "is %q, not small, medium or large", c.Tier)
	check(c.MaxWaiting >= 1 && c.MaxWaiting <= 1<<14, "max_waiting", "is %d, not 1 to %d", c.MaxWaiting, 1<<14)
	check(c.ParkedSessions >= 0, "parked_sessions", "is %d, less than 0", c.ParkedSessions)
	check(c.ParkedMB >= 0, "parked_mb", "is %d, less than 0", c.ParkedMB)
	for name, d := range map[string]time.Duration{"first_token": c.FirstToken, "next_token": c.NextToken, "slot_timeout": c.SlotTimeout} {
		check(d > 0, name, "is %s, must be more than 0", d)
	}
	return errors.Join(errs...)
}
