package contracts

import "slices"

// Limits are the bounds a backend accepts graphs within. A backend may lower
// them in its capability descriptor, never raise them above DefaultLimits.
type Limits struct {
	// MaxUnits is the largest number of work units in a graph.
	MaxUnits int `json:"max_units"`
	// MaxDepth is the largest number of units on any dependency path.
	MaxDepth int `json:"max_depth"`
	// MaxFanIn is the largest number of dependencies of one unit.
	MaxFanIn int `json:"max_fan_in"`
	// MaxGraphBytes is the largest canonical (DAG-CBOR) size of a graph.
	MaxGraphBytes int64 `json:"max_graph_bytes"`
	// MaxBlockBytes is the largest block the backend stores.
	MaxBlockBytes int64 `json:"max_block_bytes"`
	// MaxOutputBytes is the largest output of one unit.
	MaxOutputBytes int64 `json:"max_output_bytes"`
	// Extensions are the namespaces of TaskGraph.ext the backend understands.
	Extensions []string `json:"extensions,omitempty"`
}

// DefaultLimits returns the limits of CONTRACTS section 2.
func DefaultLimits() Limits {
	return Limits{
		MaxUnits:       100_000,
		MaxDepth:       1_000,
		MaxFanIn:       100_000,
		MaxGraphBytes:  32 << 20,
		MaxBlockBytes:  64 << 20,
		MaxOutputBytes: 8 << 20,
	}
}

func (l Limits) understands(namespace string) bool { return slices.Contains(l.Extensions, namespace) }
