package sim

import (
	"encoding/binary"

	"github.com/krako-labs/krako/coordinator/verify"
)

// digest makes the digest of one of a unit's possible results: 0 is the right
// one, 1 what a ring agrees on, others are unique.
func digest(unit, which uint64) verify.Digest {
	var d verify.Digest
	binary.LittleEndian.PutUint64(d[:8], unit)
	binary.LittleEndian.PutUint64(d[8:16], which)
	return d
}

// right reports whether a result is the unit's right one.
func right(d verify.Digest) bool { return binary.LittleEndian.Uint64(d[8:16]) == 0 }

const (
	rightResult = 0
	ringResult  = 1
	firstUnique = 2
)

// deed is what a node does with one execution.
type deed uint8

const (
	honest deed = iota
	lie         // a wrong result of its own
	agreedLie
	doubleSign
)

// attacks decide what a saboteur does with a unit it has finished. They must
// depend on the world's random stream and the unit only.
var attacks = map[string]func(w *world, n *machine, unit uint64) deed{
	"none":         func(*world, *machine, uint64) deed { return honest },
	"flaky":        func(*world, *machine, uint64) deed { return honest },
	"constant":     constant,
	"whitewash":    constant,
	"freeloader":   constant, // a guess is as good as a lie: results are hidden until they are released
	"sleeper":      sleeper,
	"target":       target,
	"blind_ring":   blindRing,
	"careful_ring": carefulRing,
	"equivocator":  equivocator,
}

func constant(w *world, _ *machine, _ uint64) deed {
	if w.chance(w.spec.Attack.Rate) {
		return lie
	}
	return honest
}

func sleeper(w *world, n *machine, unit uint64) deed {
	if n.results <= uint64(w.spec.Attack.After) {
		return honest
	}
	return constant(w, n, unit)
}

func target(w *world, n *machine, unit uint64) deed {
	if w.fraction(unit) >= w.spec.Attack.Share {
		return honest
	}
	return constant(w, n, unit)
}

// blindRing lies about the same units in every member, for they agreed on a
// rule beforehand.
func blindRing(w *world, _ *machine, unit uint64) deed {
	if w.fraction(unit) < w.spec.Attack.Rate {
		return agreedLie
	}
	return honest
}

// carefulRing lies only when a mate has the unit in hand or sent the lie before.
func carefulRing(w *world, n *machine, unit uint64) deed {
	u := w.units.get(unit)
	if u.ringLied || w.mateHolds(u, n) && w.chance(w.spec.Attack.Rate) {
		u.ringLied = true
		return agreedLie
	}
	return honest
}

func equivocator(w *world, _ *machine, _ uint64) deed {
	if w.chance(w.spec.Attack.Rate) {
		return doubleSign
	}
	return honest
}
