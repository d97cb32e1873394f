// Package slots is the broker of a model server's slots, as a pure state
// machine: who waits, whose key-value cache each slot holds, who is served next
// and what has to be done to a slot before. It knows no server, no clock and no
// goroutine; package llmpod carries out what it decides.
//
// It promises:
//
//   - a slot is given only to one owner at a time, and to another owner only
//     after an erasure, or for a request that starts afresh: no owner starts from
//     tokens of another;
//   - an owner is a tenant's session: two sessions of one tenant are two owners;
//   - a slot about which anything was wrong is erased before anybody gets it;
//   - tenants that wait share the slots in proportion to the tokens that they
//     ask for, not to how many requests they make, and none waits for ever.
//
// What an owner loses to another is parked: saved, and put back when the owner
// comes again. Parking is best effort; an owner whose cache is lost computes its
// prompt anew.
package slots
