// Package plan turns a message into an immutable TaskGraph, or says why it does
// not. It is the deterministic half of KORA: what it can read to the last
// character becomes units that compute the answer, and everything else is left
// to a model, by a unit that says so.
//
// Planning is a pure function: the same request gives the same graph, and so the
// same graph_cid. Clock, zone, locale and seed are part of the request; nothing
// else is read. No model is asked while a message is planned.
//
// Safety comes before recall. A grammar accepts a message only when it consumes
// all of it, and a message is answered only when all readings of it compute the
// same thing; anything that is left over, or ambiguous, makes the planner
// abstain. Every decision is logged with its stage, a reason and the span of the
// message that it is about.
package plan
