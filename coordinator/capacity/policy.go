package capacity

import (
	"errors"
	"fmt"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Policy bounds what is decided. Durations are in JSON as nanoseconds.
type Policy struct {
	// Min and Max bound the number of pods. With a Max of 0 none is ever wanted.
	Min int `json:"min"`
	Max int `json:"max"`
	// Slots is how many calls a pod takes at once, where no pod says it.
	Slots int `json:"slots"`
	// Utilisation is the share of the slots that is meant to be busy.
	Utilisation float64 `json:"utilisation"`
	// Wait is how long calls may wait for a slot, at the 95th percentile, before one
	// more pod than the demand asks for is wanted.
	Wait time.Duration `json:"wait"`
	// StepUp and StepDown bound one change, UpEvery and DownEvery are the least time
	// between two.
	StepUp    int           `json:"step_up"`
	StepDown  int           `json:"step_down"`
	UpEvery   time.Duration `json:"up_every"`
	DownEvery time.Duration `json:"down_every"`
	// Window is how far back the demand counts when the number falls.
	Window time.Duration `json:"window"`
	// Stale is how long samples may be missing before the numbers are frozen.
	Stale time.Duration `json:"stale"`
	// Throttle and Critical are waits at which less is let in while no more pods can
	// be had; they are left again at half of them, after Rest.
	Throttle time.Duration `json:"throttle"`
	Critical time.Duration `json:"critical"`
	Rest     time.Duration `json:"rest"`
}

// DefaultPolicy has numbers for pods that take half a minute to load a model: up to
// twice as many at a time, and a pod that is not needed stays for as long as loading
// ten of it would take.
func DefaultPolicy() Policy {
	return Policy{
		Slots: 1, Utilisation: 1, Wait: 5 * time.Second, StepUp: 4, StepDown: 1, UpEvery: 10 * time.Second, DownEvery: 30 * time.Second,
		Window: 5 * time.Minute, Stale: 15 * time.Second, Throttle: 30 * time.Second, Critical: 2 * time.Minute, Rest: 30 * time.Second,
	}
}

// maxPods bounds what a policy may allow.
const maxPods = 10_000

// Validate reports every problem at once.
func (p Policy) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(p.Min >= 0 && p.Min <= p.Max && p.Max <= maxPods, "min is %d and max %d, allowed are 0 to %d", p.Min, p.Max, maxPods)
	check(p.Slots > 0, "slots are %d, must be positive", p.Slots)
	check(p.Utilisation > 0 && p.Utilisation <= 1, "utilisation is %v, must be above 0 and at most 1", p.Utilisation)
	check(p.StepUp > 0 && p.StepDown > 0, "steps are %d up and %d down, must be positive", p.StepUp, p.StepDown)
	check(p.Wait > 0 && p.Stale > 0 && p.Window > 0 && p.Rest > 0, "wait, stale, window and rest must be positive")
	check(p.UpEvery >= 0 && p.DownEvery >= 0, "up_every and down_every must not be negative")
	check(p.Throttle > 0 && p.Critical > p.Throttle, "throttle is %s and critical %s, must be positive and rise", p.Throttle, p.Critical)
	if err := errors.Join(errs...); err != nil {
		return contracts.Errorf(contracts.CodeValidation, "capacity policy", "%w", err)
	}
	return nil
}
