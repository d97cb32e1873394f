// Package session is one execution of a graph in one process as a pure state
// machine.
//
// A session is a fold of records. Commands (Dispatch, Complete, Fault, Refuse,
// Stop, Close) look at the state and return the record that says what happened,
// changing nothing; Apply is the only thing that changes the state. So whoever
// folds the same records again, as every observer does, sees the same events
// with the same ids.
//
// What a graph means is decided by contracts/dag; this package adds attempts,
// back-off and budgets, by the rules of a fabric's session, so that a graph
// leaves the same behind here and there. It reads no clock, starts no goroutine
// and does no I/O; a Session and a Queue are owned by one goroutine.
package session
