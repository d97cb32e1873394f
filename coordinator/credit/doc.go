// Package credit knows what tenants may spend before it is spent: grants,
// suspended accounts and price plans, as a fold of facts of the log.
//
// It answers one question, and before anything of a graph is given out: may this
// graph cost so much? A graph is let in when the tenant's credit covers the most
// that it can cost beside the most that the tenant's running graphs can cost yet.
// What it costs is settled at its end. That is how a wallet never goes below zero,
// however many graphs race for the last of it.
//
// The package is pure and keeps no ledger: package billing computes that from the
// same log, behind execution.
package credit
