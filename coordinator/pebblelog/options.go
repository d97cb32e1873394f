package pebblelog

import (
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/krako-labs/krako/contracts"
)

// Options bounds a DB. DefaultOptions has values for a coordinator on a machine
// of 2 cores and 4 GiB.
type Options struct {
	// Logger receives what the store does: rarely at info and above, much at
	// debug. Nil discards it.
	Logger *slog.Logger
	// CacheBytes bounds the cache of blocks read back from disk.
	CacheBytes int64
	// MemTableBytes bounds one in-memory table of recent writes; up to four
	// exist. A larger one makes fewer, larger files and a longer replay at Open.
	MemTableBytes int64
	// QueueBytes bounds what waits to be written, staged blocks included. Beyond
	// it callers wait. At least 4 MiB.
	QueueBytes int64
	// MaxFileBytes bounds the sum of the blocks that are too long for the
	// database and live in files. Beyond it Put answers RESOURCE_EXHAUSTED.
	MaxFileBytes int64
	// ReserveBytes is the free disk space below which Put is refused with
	// RESOURCE_EXHAUSTED. Records, and what is staged for them, are refused below
	// half of it, so that there is room to finish what was begun.
	// Zero turns the check off, and a full disk ends the DB.
	ReserveBytes uint64
	// ReadOnly opens what is there and changes nothing, not even the epoch: writes
	// answer eventlog.ErrClosed. A directory that does not exist is an error.
	ReadOnly bool
}

// DefaultOptions returns the defaults.
func DefaultOptions() Options {
	return Options{
		CacheBytes:    32 << 20,
		MemTableBytes: 16 << 20,
		QueueBytes:    16 << 20, // about 20 ms of appending flat out
		MaxFileBytes:  64 << 30,
		ReserveBytes:  256 << 20, // all memtables flushed and one compaction
	}
}

const minQueueBytes = 4 << 20

// validate reports the first option that cannot work.
func (o Options) validate() error {
	bad := func(field string, got, least int64) error {
		return contracts.Errorf(contracts.CodeValidation, field, "%d bytes, want at least %d", got, least)
	}
	switch {
	case o.CacheBytes < 1<<20:
		return bad("CacheBytes", o.CacheBytes, 1<<20)
	case o.MemTableBytes < 64<<10:
		return bad("MemTableBytes", o.MemTableBytes, 64<<10)
	case o.QueueBytes < minQueueBytes:
		return bad("QueueBytes", o.QueueBytes, minQueueBytes)
	case o.MaxFileBytes < 0:
		return bad("MaxFileBytes", o.MaxFileBytes, 0)
	}
	return nil
}

// format is the version of pebble's own files. It is fixed, not "newest", so
// that a new pebble does not make logs that the release before cannot open.
// From FormatWALSyncChunks on, damage in the middle of the write-ahead log is
// told from a torn tail and is not taken for the end.
const format = pebble.FormatTableFormatV6

// pebbleOptions translates to pebble's options.
//
// Segments are compressed in tables, not before: their digests and other
// backends then have nothing to do with it, and the write-ahead log, which is
// overwritten every few megabytes, costs no compressor. BenchmarkScan's events of
// 350 bytes, half of each addresses that do not compress, take on disk, in full
// segments and in segments of one: 357 and 509 bytes plain, 127 and 186 with
// Snappy, 102 and 150 with zstd for tables at rest, which costs a fifth less disk
// and 7 µs a unit of work instead of 1. Blocks of 4 KiB instead of 32 take 220 for
// a segment of one, of 128 KiB no less than 149.
func (o Options) pebbleOptions(fs vfs.FS, f *failure) *pebble.Options {
	logger := pebbleLogger{log: o.Logger, failure: f}
	p := &pebble.Options{
		FS:                          fs,
		ReadOnly:                    o.ReadOnly,
		FormatMajorVersion:          format,
		CacheSize:                   o.CacheBytes,
		MemTableSize:                uint64(o.MemTableBytes),
		MemTableStopWritesThreshold: 4,
		// Blocks lie anywhere in the key space: each merge into the next level rewrites
		// much of it, so that it is done for more of them at once.
		L0CompactionThreshold:      8,
		CompactionConcurrencyRange: func() (lower, upper int) { return 1, 2 },
		Logger:                     logger,
		EventListener: &pebble.EventListener{
			// A flush or compaction that cannot be done is retried by pebble for
			// ever while writes pile up behind it.
			BackgroundError: func(err error) { f.fail(fmt.Errorf("background work: %w", err)) },
			// Damage that a read finds is that read's error.
			DataCorruption: func(i pebble.DataCorruptionInfo) { logger.Errorf("damaged data: %s", i) },
			DiskSlow:       func(i pebble.DiskSlowInfo) { logger.Errorf("slow disk: %s", i) },
		},
	}
	p.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
	for i := range p.Levels {
		p.TargetFileSizes[i] = 16 << 20
		p.Levels[i].BlockSize = 32 << 10
		if i < len(p.Levels)-1 { // in the last level pebble's lookups do without
			p.Levels[i].FilterPolicy = bloom.FilterPolicy(10) // a lookup reads 1 % of the tables without its key
		}
	}
	return p
}

// pebbleLogger hands pebble's messages to slog.
type pebbleLogger struct {
	log     *slog.Logger
	failure *failure
}

func (l pebbleLogger) Infof(format string, args ...any) {
	l.log.Debug("pebble", "message", fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Errorf(format string, args ...any) {
	l.log.Error("pebble", "message", fmt.Sprintf(format, args...))
}

// Fatalf must not return: pebble would go on as if nothing were the matter. The
// errors of the disk do not come here (see guardFS); what does is a broken
// invariant, and nothing in this process is to be trusted then.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	l.failure.fail(err)
	panic(err)
}
