// Package ledger keeps the ledger of a running coordinator: it tells the durable
// log to package billing and stores what comes of that in an SQLite file, for
// questions.
//
// It reads behind execution, at its own pace, from the log alone. Nothing waits for
// it: one that was stopped for an hour reads on from where it was and comes to the
// same ledger. The file may be deleted, and is computed again; one that is damaged,
// or whose snapshot cannot be read, is thrown away and computed again.
package ledger
