// Package contracts is the public, versioned language between KORA, which
// decides what to compute and why, and a backend, which decides where and how.
//
// It holds the documents both sides exchange (TaskGraph, WorkUnit, Invocation,
// Result, signed result batches, events), the rules that make them valid, the
// encodings that give them one identity everywhere, and the port a backend
// implements. Everything here is normative; what is not here is private policy.
//
// The package promises not to do I/O, read a clock, start a goroutine or know
// anything about how a backend works, and it imports nothing else of this
// module but its own sub-packages. Values are plain data: safe for concurrent
// reads, not for concurrent writes.
package contracts

// Version is the contract version spoken by this package.
const Version = "1.0"
