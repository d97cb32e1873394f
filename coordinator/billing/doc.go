// Package billing folds the event log into a double-entry ledger and wallets:
// who used what, at which price, and who earned it.
//
// A Book is pure. Its input is events in the order of the log, its output
// transactions whose postings sum to zero; it reads no clock and draws nothing.
// The same events give the same transactions and the same wallets byte for byte,
// in any process, and also when the fold goes on from a snapshot. Execution never
// waits for it: what must be checked before work is given out (credit, budgets)
// is checked against reservations that are events themselves.
//
// Only verified success costs anything: a unit is charged when its result was
// released, at the price plan that was in force then, once per tenant, session
// and unit, however often its event is delivered. When verification supersedes
// the result, the charge is reversed and made anew for whoever was right.
//
// Amounts are exact: products are computed with 28 digits and rounded half-even
// to millionths when they enter the ledger; they are strings in JSON. What the
// fold cannot read, it quarantines by name and goes on; it never guesses.
package billing
