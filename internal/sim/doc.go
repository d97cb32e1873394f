// Package sim runs Krako's verification policy, and the ones it is compared
// with, against machines that lie, in virtual time. It drives the very code of
// coordinator/verify that the coordinator runs.
//
// A run is a fold of one random stream: one goroutine, no real clock, no map
// whose order matters. The same specification gives the same figures to the last
// bit on every machine; only the CPU time it took differs.
//
// The model leaves out networks, churn and bandwidth. Units arrive at random at
// half the pool's capacity, nodes differ in speed, service times vary, and a check
// in the trusted zone takes one unit of time on a pool that never fills.
package sim
