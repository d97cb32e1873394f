package sim

import "github.com/krako-labs/krako/coordinator/verify"

// kv1 drives the policy of coordinator/verify.
type kv1 struct {
	*verify.Core
	world *world
	// wrong are the units whose released result is wrong, with whether it is final.
	wrong map[uint64]bool
}

func (s Spec) kv1() verify.Policy {
	p := verify.DefaultPolicy()
	p.FMax, p.AuditRate, p.TrustedShare = s.Policy.FMax, s.Policy.AuditRate, s.Policy.TrustedShare
	p.Theta[verify.Standard], p.FinalityChecks = s.Policy.Theta, s.Policy.FinalityChecks
	if s.Policy.Theta <= p.Theta[verify.High] {
		p.Replicas[verify.Standard] = p.Replicas[verify.High]
	}
	p.GuiltByOperator = s.Operators.GuiltByOperator
	switch p.Strikes = s.Policy.Strikes; {
	case p.Strikes != 0:
	case s.Attack.Kind == "flaky":
		p.Strikes = 2
	default:
		p.Strikes = 1
	}
	return p
}

func newKV1(w *world) judge {
	return &kv1{Core: verify.New(w.spec.kv1()), world: w, wrong: map[uint64]bool{}}
}

func (k *kv1) operator() verify.Operator           { return k.NewOperator() }
func (k *kv1) join(op verify.Operator) verify.Node { return k.Join(op, false) }
func (k *kv1) may(unit uint64, n int32) bool       { return k.May(verify.Unit(unit), verify.Node(n)) }
func (k *kv1) submitted(unit uint64)               { k.world.enqueue(unit) }
func (k *kv1) assigned(uint64, int32)              {}
func (k *kv1) equivocated(n int32)                 { k.Equivocated(verify.Node(n)); k.follow() }
func (k *kv1) recomputed(unit uint64) {
	k.Recomputed(verify.Unit(unit), digest(unit, rightResult))
	k.follow()
}

func (k *kv1) committed(unit uint64, n int32, d verify.Digest) {
	k.Committed(verify.Unit(unit), verify.Standard, verify.Node(n), d, k.world.rng.Uint64())
	k.follow()
}

// follow carries out what the core decided.
func (k *kv1) follow() {
	list := k.Take()
	for i := range list {
		a := &list[i]
		u := uint64(a.Unit)
		switch a.Kind {
		case verify.Release:
			k.world.release(u, a.Digest)
			if !right(a.Digest) {
				k.wrong[u] = false
			}
		case verify.Replicate:
			k.world.enqueue(u)
		case verify.Recompute, verify.CrossCheck:
			k.world.recompute(u)
		case verify.Supersede:
			delete(k.wrong, u)
		case verify.Final:
			if _, bad := k.wrong[u]; bad {
				k.wrong[u] = true
			}
		case verify.Change:
			if !a.Standing.Works() {
				k.world.expel(int32(a.Node))
			}
		}
	}
}

func (k *kv1) lasting() uint64 {
	n := uint64(0)
	for _, final := range k.wrong {
		if final || k.world.spec.Policy.FinalityChecks == 0 {
			n++
		}
	}
	return n
}
