package worker

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
)

// How a task ended, as it crosses the pipe.
const (
	endSuccess = iota
	endFailure
	endError
	endNotRun
	endNotAdmitted
)

// encodeEnd appends how the task with an index ended.
func encodeEnd(b []byte, index int, e *End) []byte {
	b = binary.AppendUvarint(b, uint64(index))
	switch {
	case errors.Is(e.Err, ErrNotRun):
		return append(b, endNotRun)
	case errors.Is(e.Err, ErrNotAdmitted):
		return append(b, endNotAdmitted)
	case e.Err != nil:
		code, offender, message := describe(e.Err)
		b = putDuration(append(b, endError), e.Took)
		return putBytes(putBytes(putBytes(b, code), offender), message)
	}
	o := &e.Outcome
	if o.Code == "" {
		b = putDuration(append(b, endSuccess), e.Took)
		b = putBytes(putBytes(b, o.MediaType), o.Output)
	} else {
		b = putDuration(append(b, endFailure), e.Took)
		b = putBytes(putBytes(b, o.Code), clip(o.Detail))
	}
	b = binary.AppendUvarint(b, o.FuelUsed)
	b = binary.AppendUvarint(b, uint64(o.MemoryPages))
	return putBytes(b, o.Stderr[:min(len(o.Stderr), maxStderr)])
}

func putDuration(b []byte, d time.Duration) []byte {
	return binary.AppendUvarint(b, uint64(max(d, 0)))
}

const (
	// maxStderr is how much of a guest's log crosses the pipe: the end of a unit
	// does not name it, it is for whoever debugs a guest.
	maxStderr = 4 << 10
	maxMedia  = 127
	maxCode   = 64
	// maxResults is the longest frame of results: one with the longest output
	// goes out as soon as it is in.
	maxResults = sandbox.DefaultMaxOutput + 256<<10
)

// decodeEnd reads how a task ended and checks all that can be checked without
// running it: what passes cannot harm whoever goes on to use it.
func decodeEnd(d *decoder) (index int, e End) {
	index = int(d.uint("index", maxBatch-1))
	kind := d.uint("end", endNotAdmitted)
	switch kind {
	case endNotRun:
		return index, End{Err: ErrNotRun}
	case endNotAdmitted:
		return index, End{Err: ErrNotAdmitted}
	}
	e.Took = time.Duration(d.uint("duration", 1<<62))
	switch kind {
	case endError:
		code, offender, message := contracts.Code(d.string("code", maxCode)), d.string("offender", maxText), d.string("message", maxText)
		if !code.Valid() || code.Deterministic() {
			d.fail("error %q", code)
		}
		e.Err = contracts.Errorf(code, offender, "%s", message)
		return index, e
	case endSuccess:
		e.Outcome.MediaType = d.string("media type", maxMedia)
		e.Outcome.Output = own(d.bytes("output", sandbox.DefaultMaxOutput))
	case endFailure:
		e.Outcome.Code = contracts.Code(d.string("code", maxCode))
		e.Outcome.Detail = d.string("detail", maxText)
		if d.err == nil && !e.Outcome.Code.Deterministic() {
			d.fail("outcome %q", e.Outcome.Code)
		}
	}
	e.Outcome.FuelUsed = d.uint("fuel", 1<<63)
	e.Outcome.MemoryPages = uint32(d.uint("memory", 1<<16))
	e.Outcome.Stderr = own(d.bytes("log", maxStderr))
	return index, e
}

// own copies what lies in a buffer that is used again. What does not fit such a
// buffer lies in one of its own.
func own(b []byte) []byte {
	if len(b) > keptBuffer {
		return b
	}
	return append([]byte(nil), b...)
}
