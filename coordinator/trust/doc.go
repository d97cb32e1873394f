// Package trust keeps a reliability score for every node: how likely it is that
// a unit given to it comes back in time. Placement uses the score and nothing
// else does.
//
// Reliability is kept apart from integrity, which is coordinator/verify's. A node
// that is always there earns a high score here and no credibility there; a node
// that is late loses score and no credibility. Uptime must not buy correctness.
//
// A Book is a pure fold of evidence in the order of the log. It reads no clock:
// time is what the evidence carries. The same evidence gives the same scores bit
// for bit on every machine, and execution never waits for it.
package trust
