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

// CorruptError says that the log at rest is not what was written.
type CorruptError struct {
	// Segment is the offset of the first record of the segment at fault.
	Segment Offset
	Reason  string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("event log is damaged in the segment that begins at record %d: %s", e.Segment, e.Reason)
}
