// Package placement decides which node a unit goes to: hard filters first, then
// a score, then a tie-break, so that the same nodes in any order give the same
// answer, and every answer can be explained.
//
// An Index keeps the nodes ordered, so that a decision costs the logarithm of
// their number and not the number. It is exact: Pick returns what scoring every
// node by hand would (Explain does that, and a property test compares them).
// What it knows of blocks is bounded: the latest maxModules modules of a node and
// the latest maxHolders holders of any other block count for locality, and no
// others do, for Pick and Explain alike.
//
// The package is pure: it reads no clock, does no I/O and starts no goroutine. It
// knows nothing of leases or queues, and does not decide whether a unit may run
// at all. An Index is owned by one goroutine.
package placement
