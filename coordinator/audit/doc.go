// Package audit checks a log offline: its hash chain, the Merkle tree over its
// records, and every signed checkpoint, those that stand in it and those that
// somebody kept. It reads a log that is open, or one that was exported to a file.
//
// What it can say: that the log is the one that was signed, and where it first is
// not. What it cannot: whether what was recorded is true, and what was cut off
// behind the last checkpoint that the auditor holds.
package audit
