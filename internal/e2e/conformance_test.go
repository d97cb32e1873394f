package e2e

import (
	"testing"

	"github.com/krako-labs/krako/contracts/conformance"
	"github.com/krako-labs/krako/kora/krakobackend"
)

// TestConformance holds a coordinator and two nodes, as processes, to the suite
// that a backend in one process passes, down to the same golden.json: what a
// graph leaves behind does not depend on where it runs.
func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T) conformance.Subject {
		b := krakobackend.New(start(t, 2, unhurried).Client, "cluster", "e2e", krakobackend.Agreed)
		return conformance.Subject{Backend: b, Blocks: b, Distributed: true}
	})
}
