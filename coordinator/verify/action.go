package verify

// Kind says what the caller has to do.
type Kind uint8

// The kinds of actions.
const (
	// Release: the unit's result with Digest may be used.
	Release Kind = iota + 1
	// Replicate: run the unit once more, on a node that May allows.
	Replicate
	// Recompute: run the unit in the trusted zone.
	Recompute
	// CrossCheck: run it there once more, on the other engine, since what was found
	// contradicts somebody.
	CrossCheck
	// Supersede: a released result was wrong; Digest is right, Old was released.
	Supersede
	// Final: what was released will not be looked at again.
	Final
	// Confirm: Node's result of Unit was proved right, by Checks of evidence.
	Confirm
	// Convict: Node's result of Unit was proved wrong.
	Convict
	// Change: Node's standing is now Standing.
	Change
	// NonDeterministic: the unit's module gives different results on the two
	// engines of the trusted zone. Nobody is blamed, and the unit has no result.
	NonDeterministic
	// NoQuorum: nobody is left who could confirm the unit's result.
	NoQuorum
)

var kindNames = [...]string{
	"", "release", "replicate", "recompute", "cross_check", "supersede", "final", "confirm", "convict", "change", "non_deterministic", "no_quorum",
}

func (k Kind) String() string { return kindNames[k] }

// Action is one thing that follows from an input. Fields that a kind does not
// name are zero.
type Action struct {
	Kind        Kind
	Unit        Unit
	Node        Node
	Standing    Standing
	Digest, Old Digest
	Checks      float64
}
