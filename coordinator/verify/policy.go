package verify

import (
	"errors"
	"fmt"

	"github.com/krako-labs/krako/contracts"
)

// Class is how sure a result must be before it is used.
type Class uint8

// The classes. A unit's verification_mode names one (ClassOf).
const (
	// Unheld results are used at once and audited like all others.
	Unheld Class = iota
	Standard
	High
	// Recomputed results are recomputed in the trusted zone, every one.
	Recomputed
	classes
)

var classNames = [classes]string{"unheld", "standard", "high", "recomputed"}

func (c Class) String() string { return classNames[c] }

// ClassOf maps a unit's verification mode (CONTRACTS section 3).
func ClassOf(m contracts.VerificationMode) Class {
	switch m {
	case contracts.VerifyAdaptive:
		return Standard
	case contracts.VerifyQuorum:
		return High
	case contracts.VerifyRecompute:
		return Recomputed
	}
	return Unheld
}

// Policy is the set of dials of KV1. DefaultPolicy gives every field.
type Policy struct {
	// FMax is the share of nodes that may lie, at most: 0.1 for an open pool,
	// 0.01 for one whose members were invited.
	FMax float64
	// AuditRate is the chance that a released result is checked afterwards,
	// TrustedShare the share of these checks that the trusted zone makes; the
	// others are made by a node of another operator.
	AuditRate, TrustedShare float64
	// Theta is, by class, the doubt at which a result is released, and Replicas
	// how many nodes may be asked before the trusted zone decides.
	Theta    [classes]float64
	Replicas [classes]int
	// FinalityChecks is how many more checks a node must survive until what it
	// did is final. With 0 a result stays open until it is checked itself, and a
	// conviction reaches back to all the node ever did.
	FinalityChecks int
	// Strikes is how many proofs within StrikeWindow of its results suspend a
	// node: 1 forgives nobody, 2 forgives a machine that errs once in ten thousand
	// units. What a node did before a proof counts with it.
	Strikes, StrikeWindow int
	// GuiltByOperator makes a conviction count for all nodes of an operator.
	GuiltByOperator bool
}

// DefaultPolicy is KV1 for a pool that anybody may join.
func DefaultPolicy() Policy {
	return Policy{
		FMax: 0.1, AuditRate: 0.05, TrustedShare: 0.2,
		Theta:          [classes]float64{Unheld: 1, Standard: 1e-3, High: 1e-6},
		Replicas:       [classes]int{Unheld: 1, Standard: 3, High: 4, Recomputed: 1},
		FinalityChecks: 1000, Strikes: 2, StrikeWindow: 100_000, GuiltByOperator: true,
	}
}

// Vets reports whether results of ordinary units are vetted: audited, or held back.
func (p Policy) Vets() bool { return p.AuditRate > 0 || p.Theta[Standard] < 1 }

// Validate reports every problem at once.
func (p Policy) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(p.FMax > 0 && p.FMax < 0.5, "f_max is %g, must be between 0 and 0.5", p.FMax)
	check(p.AuditRate >= 0 && p.AuditRate <= 1, "audit_rate is %g, must be from 0 to 1", p.AuditRate)
	check(p.TrustedShare >= 0 && p.TrustedShare <= 1, "trusted_share is %g, must be from 0 to 1", p.TrustedShare)
	check(p.FinalityChecks >= 0, "finality_checks is %d, must not be negative", p.FinalityChecks)
	check(p.Strikes >= 1, "strikes is %d, must be at least 1", p.Strikes)
	check(p.StrikeWindow > 0, "strike window is %d, must be positive", p.StrikeWindow)
	for c := range classes {
		check(p.Theta[c] >= 0 && p.Theta[c] <= 1, "theta of class %s is %g, must be from 0 to 1", c, p.Theta[c])
		check(p.Replicas[c] >= 1 && p.Replicas[c] <= maxReplicas, "replicas of class %s is %d, allowed are 1 to %d", c, p.Replicas[c], maxReplicas)
	}
	return errors.Join(errs...)
}

// maxReplicas bounds how many nodes may be asked for one unit.
const maxReplicas = 16
