// Package session is one ExecutionSession as a pure state machine.
//
// A session is a fold of the records that the log holds about it. Commands
// (Dispatch, Complete, Fault, Lose, Stop, Close) look at the state and return
// the records that say what happened, changing nothing; Apply is the only thing
// that changes the state, live and on replay alike. So the state after a restart
// is the state before it.
//
// What a graph means is decided by contracts/dag; this package adds what a
// fabric of unreliable machines needs on top: leases, attempts, losses and
// back-off. It reads no clock, starts no goroutine and does no I/O; it is owned
// by one goroutine.
package session
