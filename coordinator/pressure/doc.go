// Package pressure keeps trouble from growing: a Valve lets graphs in while there
// is room for what waits, a Breaker keeps units away from a node that fails them
// all, and a Budget keeps retries a small part of the work that succeeds.
//
// The package is pure: it is told the time and decides. Its values are owned by one
// goroutine and are not recorded; what is decided with them is.
package pressure
