package trust

import (
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Kind says what a piece of evidence is about.
type Kind uint8

// The kinds of evidence.
const (
	// Success and Failure are ends of units: done, or given back undone.
	Success Kind = iota + 1
	Failure
	// Timeout is a unit that did not come back in time, or a lost lease.
	Timeout
	// Healthy, Degraded and Unhealthy are what the node's heartbeats say.
	Healthy
	Degraded
	Unhealthy
	// Identified: the node is enrolled with an operator; Stranger takes that back.
	Identified
	Stranger
	// Barred: the node was suspended or banned; Admitted takes that back. Both
	// count against, and for, the other nodes of its operator.
	Barred
	Admitted
)

var kindNames = [...]string{"", "success", "failure", "timeout", "healthy", "degraded", "unhealthy", "identified", "stranger", "barred", "admitted"}

func (k Kind) String() string { return kindNames[k] }

// Evidence is one thing that happened to one node. Operator is read where the
// kind is Identified.
type Evidence struct {
	At       time.Time
	Node     contracts.NodeID
	Kind     Kind
	Operator string
}
