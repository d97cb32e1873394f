// Package eventlog is the port to the system of record: one ordered, durable,
// hash-chained log of opaque records. Everything else the coordinator knows is
// a fold of it (append, then act).
//
// The package holds the contract every log keeps, the form of a segment at
// rest, and the chain that segments make. It does no I/O: package pebblelog
// keeps a log in a directory, package eventlogtest is the suite that every
// implementation runs. A log does not look into its records, does not
// deduplicate them, never changes one, and forgets only what it is told to: its
// beginning (Trim).
package eventlog

import "context"

// Offset numbers records from 1 without gaps. Zero is no record.
type Offset uint64

// Record is one record as it was appended. Data is the reader's to keep, not to
// write to.
type Record struct {
	Offset Offset
	Data   []byte
}

// Log is an open log. Implementations are safe for concurrent use.
//
// Records are grouped into segments, each of which carries the SHA-256 digest
// of the one before it; see Segment. A log has one writer at a time: whoever
// opens it gets a higher Epoch, and an earlier writer that still runs is
// refused from then on with ErrFenced.
type Log interface {
	// Append writes a batch of records and returns the offset of the first; the
	// others follow it without gaps.
	//
	// Durability: when it returns nil, no kill -9 and no power cut loses the
	// batch. Atomicity: readers, and whoever opens the log after a crash, find
	// the whole batch or nothing of it. Order: the records stand in the order
	// given, batches that overlap in time in some order, and a batch stands
	// behind all whose Append had returned when its own was called.
	// Concurrency: callers that overlap share one sync; a caller beyond the
	// log's bound on waiting bytes waits for room.
	//
	// The records belong to the log from the call on, whatever it returns, and
	// must not be changed. They must keep to the limits of BatchSize.
	//
	// Errors, and what the caller must do:
	//   - *contracts.Error VALIDATION_ERROR (limits) or RESOURCE_EXHAUSTED (the
	//     disk is nearly full): nothing was written and the log is well.
	//   - ErrClosed, or the error of a ctx that was done before the call:
	//     nothing was written.
	//   - the error of a ctx that ended later: the batch may be in the log, or
	//     come into it yet. The caller must not act on it, nor append other
	//     facts in its place, before it has read on from the last offset it
	//     knows; appending the very same events again is safe, because folds
	//     deduplicate by event id.
	//   - ErrFailed, ErrFenced: the batch may or may not be in the log, and the
	//     log is over. All state beyond acknowledged records is void; the
	//     process ends, or opens the log again and folds it anew. Never retry
	//     on the same Log.
	Append(ctx context.Context, records [][]byte) (first Offset, err error)

	// Read calls fn for every record from offset from (0 means the first that is
	// kept) to the end as of the call, in order, and only for durable ones. It checks
	// the chain on the way: no record of a segment is delivered whose bytes are not
	// those that were written, and a read from the start that returns nil has proved
	// the whole log up to its end. A break is a *CorruptError; the records
	// delivered before it are sound. A read from a record that was let go is a
	// *TrimmedError; one that has begun goes on whatever is let go meanwhile.
	//
	// fn may append to the log but not close it. An error of fn ends the read
	// and is returned as it is; so is the error of ctx. Other errors are
	// ErrClosed and ErrFailed. Reads can be repeated at will.
	Read(ctx context.Context, from Offset, fn func(Record) error) error

	// Wait returns nil when Last() >= from, at once if that is so. Other ends
	// are the error of ctx, ErrClosed and ErrFailed.
	Wait(ctx context.Context, from Offset) error

	// Last is the offset of the last durable record, 0 for an empty log. After
	// Close it is what it was.
	Last() Offset

	// Trim lets go of the records before an offset, for good, and keeps base with the
	// log instead: what whoever folds the rest has to know of them, at most
	// MaxBaseBytes, opaque to the log. It returns when that is durable, both or
	// neither; the disk is given back later. An offset that is not beyond the first
	// record kept changes nothing, base included.
	//
	// The log does not ask who still needs the records: the caller must know. Its
	// errors are VALIDATION_ERROR for an offset beyond the end or a base that is too
	// long, UNSUPPORTED for a log that keeps everything, and those of Append, which
	// mean the same.
	Trim(ctx context.Context, before Offset, base []byte) error

	// Base returns the first record that is kept, 1 if none was ever let go, and what
	// Trim has kept of those before, nil then. The slice is the caller's.
	Base() (first Offset, base []byte)

	// Cluster is the UUID made with the log. All coordinators of a log share it.
	Cluster() string

	// Epoch is the fencing token of this opening: at least 1, and higher than
	// that of every opening before.
	Epoch() uint64

	// Close makes durable what Append has accepted, then ends the log: calls
	// that come later, Waits that still wait and Reads under way answer
	// ErrClosed. A second Close does nothing. After ErrFailed it returns that at
	// once and frees nothing.
	Close() error
}
