// Package fair orders what waits for a place: by level, then fairly between
// tenants, so that nothing waits for ever and nothing that has no place now holds
// up what has one.
//
// Items of one level, tenant and class wait in a lane, first in first out. Whoever
// takes items asks for the next lane; a lane whose first item finds no place is
// blocked for the rest of the round, and the others are asked. The lower level
// goes first, but every turn in belowEvery belongs to the levels behind it, in
// rotation: they go slowly then, and never stand still. Within a level the tenant
// goes that has had the least, counted in whatever Charge says (stride
// scheduling, Waldspurger 1995); one that comes back from idleness begins where
// the others are. The lanes of a tenant take turns.
//
// The package is pure and keeps no bound on items; who fills a Queue does. A Queue
// is owned by one goroutine.
package fair
