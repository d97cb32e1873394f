// Package verify decides when the result of a machine that nobody trusts may be
// used. It is the policy KV1: every node has a credibility that it earns by
// checks it could not foresee, a result is released when the credibility of the
// nodes that agree on it is high enough for its class, and a node that is proved
// wrong loses its credibility, and what it did before is done again.
//
// What carries the security:
//   - the coin that orders an audit is drawn after the signed result is durable,
//     so nothing in an assignment tells whether it will be checked (Coin);
//   - replicas run one after another, never side by side and never twice with one
//     operator, so that a ring of liars cannot see that it holds every copy;
//   - a disagreement is settled by a recompute on two engines in the trusted zone,
//     never by a vote, so that nobody can be framed; where the two engines differ
//     the module is at fault and nobody is blamed.
//
// The package is pure: state and input give state and ordered actions. It reads
// no clock, draws no random number, does no I/O and starts no goroutine; a Core
// is owned by one goroutine. It does not place work, does not sign, and knows
// nothing of graphs: a unit is a number here, a result a digest.
//
// It bounds what liars can do; it does not make it nothing. A node that survives
// k checks is believed with p(k) = min(f, f/((1-f)·e·k)) (Sarmenta 2002, with
// checks that are drawn after commitment), so a patient liar at a very low rate
// is found late: with n units a node about 0.45/n of all results can stay wrong.
// Units that cannot bear that ask for the high class, which is always computed
// by two operators, or for a recompute.
package verify
