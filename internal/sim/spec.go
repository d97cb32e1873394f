package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/krako-labs/krako/contracts"
)

// Spec says what to simulate. Fields that are absent get the defaults of
// DefaultSpec.
type Spec struct {
	// Nodes is how many nodes there are, UnitsPerNode how many units arrive for
	// each on average.
	Nodes        int `json:"nodes"`
	UnitsPerNode int `json:"units_per_node"`
	// SaboteurShare is the share of operators, and so of nodes, that attack.
	SaboteurShare float64   `json:"saboteur_share"`
	Attack        Attack    `json:"attack"`
	Policy        Policy    `json:"policy"`
	Seeds         []uint64  `json:"seeds"`
	Operators     Operators `json:"operators"`
}

// Operators says who owns the nodes.
type Operators struct {
	NodesPerOperator int `json:"nodes_per_operator"`
	// GuiltByOperator makes a proved lie count for all nodes of its operator.
	GuiltByOperator bool `json:"guilt_by_operator"`
}

// Attack is what saboteurs do. Kinds and their fields:
//
//	none
//	constant{rate}          a result is wrong with probability rate
//	sleeper{after,rate}     honest for after results, then constant
//	blind_ring{rate}        lies about a share of the units, mates repeat the lie
//	careful_ring{rate}      lies only where a mate holds the unit at that moment
//	whitewash{rate,delay}   constant; comes back as a stranger delay after its end
//	target{rate,share}      lies about a share of the units only, at the rate
//	flaky{rate}             nobody means harm: every node errs at the rate
//	equivocator{rate}       signs two results under one lease at the rate
//	freeloader{rate}        sends a guess instead of work at the rate
type Attack struct {
	Kind  string  `json:"kind"`
	Rate  float64 `json:"rate,omitempty"`
	After int     `json:"after,omitempty"`
	Delay float64 `json:"delay,omitempty"`
	Share float64 `json:"share,omitempty"`
}

// Policy is how results are checked. Kinds and their fields:
//
//	none
//	vote{k,parallel}        the first k equal results win
//	boinc                   BOINC's adaptive replication
//	spot_check{rate}        trusted checks at the rate; a liar is cast out
//	kv1{theta,audit_rate,trusted_share,f_max,finality_checks,strikes}
//
// With finality_checks a conviction reaches back over the last so many checks
// of a node; without, over all it ever did. The first strike ends a node's work,
// the second where strikes is absent and the attack is flaky: whoever expects
// honest machines that err forgives them once.
type Policy struct {
	Kind           string  `json:"kind"`
	Theta          float64 `json:"theta,omitempty"`
	AuditRate      float64 `json:"audit_rate,omitempty"`
	TrustedShare   float64 `json:"trusted_share,omitempty"`
	FMax           float64 `json:"f_max,omitempty"`
	FinalityChecks int     `json:"finality_checks,omitempty"`
	Strikes        int     `json:"strikes,omitempty"`
	K              int     `json:"k,omitempty"`
	Parallel       bool    `json:"parallel,omitempty"`
	Rate           float64 `json:"rate,omitempty"`
}

// DefaultSpec is 100 nodes of 100 operators with 2,000 units each, nobody
// lying, policy KV1, seeds 1 to 20.
func DefaultSpec() Spec {
	s := Spec{
		Nodes: 100, UnitsPerNode: 2000,
		Attack:    Attack{Kind: "none"},
		Policy:    Policy{Kind: "kv1", Theta: 1e-3, AuditRate: 0.05, TrustedShare: 0.2, FMax: 0.1},
		Operators: Operators{NodesPerOperator: 1, GuiltByOperator: true},
	}
	for i := range uint64(20) {
		s.Seeds = append(s.Seeds, i+1)
	}
	return s
}

// maxUnits bounds one run, maxSeeds the runs of a specification.
const (
	maxNodes = 100_000
	maxUnits = 200_000_000
	maxSeeds = 1000
)

// ReadSpec reads a specification, strictly, and checks it. Errors are
// *contracts.Error with CodeValidation.
func ReadSpec(r io.Reader) (Spec, error) {
	s := DefaultSpec()
	seeds := s.Seeds
	s.Seeds = nil
	b, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return Spec{}, fmt.Errorf("read specification: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return Spec{}, contracts.Errorf(contracts.CodeValidation, "specification", "%w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Spec{}, contracts.Errorf(contracts.CodeValidation, "specification", "something follows it")
	}
	if s.Seeds == nil {
		s.Seeds = seeds
	}
	return s, s.Validate()
}

// Validate reports every problem at once.
func (s Spec) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	share := func(name string, v float64) { check(v >= 0 && v <= 1, "%s is %g, must be from 0 to 1", name, v) }
	check(s.Nodes >= 2 && s.Nodes <= maxNodes, "nodes is %d, allowed are 2 to %d", s.Nodes, maxNodes)
	check(s.UnitsPerNode >= 1 && s.UnitsPerNode <= maxUnits/max(1, s.Nodes), "units_per_node is %d, allowed are 1 to %d", s.UnitsPerNode, maxUnits/max(1, s.Nodes))
	check(s.Operators.NodesPerOperator >= 1 && s.Operators.NodesPerOperator <= max(1, s.Nodes/2),
		"nodes_per_operator is %d, allowed are 1 to %d", s.Operators.NodesPerOperator, s.Nodes/2)
	check(len(s.Seeds) >= 1 && len(s.Seeds) <= maxSeeds, "there are %d seeds, allowed are 1 to %d", len(s.Seeds), maxSeeds)
	share("saboteur_share", s.SaboteurShare)
	share("attack rate", s.Attack.Rate)
	share("attack share", s.Attack.Share)
	check(s.Attack.After >= 0, "attack after is %d, must not be negative", s.Attack.After)
	check(s.Attack.Delay >= 0, "attack delay is %g, must not be negative", s.Attack.Delay)
	check(attacks[s.Attack.Kind] != nil, "attack kind %q is not known", s.Attack.Kind)
	check(s.Attack.Kind != "whitewash" || s.Attack.Delay > 0, "attack whitewash needs a delay above 0")
	check(judges[s.Policy.Kind] != nil, "policy kind %q is not known", s.Policy.Kind)
	check(s.Policy.Kind != "vote" || s.Policy.K >= 1 && s.Policy.K <= 32, "policy vote needs k from 1 to 32, not %d", s.Policy.K)
	check(s.Policy.Kind != "spot_check" || s.Policy.Rate > 0 && s.Policy.Rate <= 1, "policy spot_check needs a rate from 0 to 1, not %g", s.Policy.Rate)
	if s.Policy.Kind == "kv1" {
		errs = append(errs, s.kv1().Validate())
	}
	if err := errors.Join(errs...); err != nil {
		return contracts.Errorf(contracts.CodeValidation, "specification", "%w", err)
	}
	return nil
}
