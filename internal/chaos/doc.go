// Package chaos is a node that does not keep the rules, for tests of clusters: it
// computes what it is given as any node does, and then lies, contradicts itself,
// copies, stalls, disappears, or sends batches twice, late or under old numbers, as
// a Plan says. What it does to a unit depends on the plan's seed and the unit
// alone, so that a run can be repeated whatever the timing.
//
// It is a real process on a real work stream (krako-chaos), so that what holds
// against it holds against anybody. It is no part of what is shipped: no package
// outside internal/chaos may import it, and no command is made from it
// (internal/archtest).
//
// It does not break the transport or the framing: package p2p's own tests do. It
// attacks nothing but the coordinator that it was pointed at.
package chaos
