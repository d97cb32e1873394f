package eventlog

import (
	"errors"
	"fmt"
)

var (
	// ErrClosed says that the log was closed. Nothing was written.
	ErrClosed = errors.New("event log is closed")

	// ErrFailed says that a write or a sync failed, now or earlier. It is final:
	// after a failed sync nobody knows what the disk holds, and a second sync
	// that succeeds proves nothing, so the log has stopped dead. What had been
	// acknowledged is safe; the process must end and open the log anew.
	ErrFailed = errors.New("event log has failed")

	// ErrFenced says that another writer has taken the log over with a higher
	// epoch. It is final.
	ErrFenced = errors.New("event log was taken over by another writer")
)

// TrimmedError says that a read begins before the first record that is kept.
type TrimmedError struct {
	// From is where the read was to begin, First the first record that is kept.
	From, First Offset
}

func (e *TrimmedError) Error() string {
	return fmt.Sprintf("record %d was let go, the event log begins at record %d", e.From, e.First)
}

// CorruptError says that the log at rest is not what was written.
type CorruptError struct {
	// Segment is the offset of the first record of the segment at fault.
	Segment Offset
	Reason  string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("event log is damaged in the segment that begins at record %d: %s", e.Segment, e.Reason)
}
