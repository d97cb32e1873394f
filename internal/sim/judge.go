package sim

import "github.com/krako-labs/krako/coordinator/verify"

// judge is a policy at work in a world.
type judge interface {
	operator() verify.Operator
	join(op verify.Operator) verify.Node
	// may reports whether a machine may be given a unit now.
	may(unit uint64, n int32) bool
	submitted(unit uint64)
	assigned(unit uint64, n int32)
	committed(unit uint64, n int32, d verify.Digest)
	equivocated(n int32)
	recomputed(unit uint64)
	// lasting counts the wrong results that nothing will mend any more.
	lasting() uint64
}

var judges = map[string]func(*world) judge{
	"kv1":        newKV1,
	"none":       func(w *world) judge { return &ballot{world: w, need: 1, issue: 1} },
	"vote":       newVote,
	"boinc":      newBOINC,
	"spot_check": newSpotCheck,
}

// pool numbers operators and machines for policies that know neither.
type pool struct {
	operators, machines int32
}

func (p *pool) operator() verify.Operator { p.operators++; return verify.Operator(p.operators - 1) }
func (p *pool) join(verify.Operator) verify.Node {
	p.machines++
	return verify.Node(p.machines - 1)
}
