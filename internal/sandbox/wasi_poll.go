package sandbox

import (
	"encoding/binary"
	"math"
)

// Sizes and tags of poll_oneoff's records.
const (
	subscriptionSize = 48
	eventSize        = 32

	eventClock, eventRead, eventWrite = 0, 1, 2

	clockAbsolute = 1
)

// pollOneoff(in, out, nsubscriptions, nevents). Descriptors are always ready.
// Without one, the clock jumps to the earliest deadline: sleeping takes no real
// time.
func pollOneoff(x *execution, m memory, p []uint64) errno {
	n := uint32(p[2])
	if n == 0 || n > maxVectors {
		return errnoInval
	}
	in, ok := m.bytes(p[0], uint64(n)*subscriptionSize)
	if !ok {
		return errnoFault
	}
	x.spend(uint64(n) * partFuel)
	events := x.poll(in)
	if e := m.putBytes(p[1], events); e != errnoSuccess {
		return e
	}
	return m.putU32(p[3], uint32(len(events)/eventSize))
}

// poll answers every subscription that is due once time has passed as far as
// it must.
func (x *execution) poll(in []byte) []byte {
	now, wake := x.now(), uint64(math.MaxUint64)
	for at := 0; at < len(in); at += subscriptionSize {
		due, _ := x.due(in[at:], now)
		wake = min(wake, due)
	}
	x.sleepUntil(wake)
	wake = max(wake, now)
	events := make([]byte, 0, len(in)/subscriptionSize*eventSize)
	for at := 0; at < len(in); at += subscriptionSize {
		s := in[at : at+subscriptionSize]
		if due, e := x.due(s, now); due <= wake {
			events = appendEvent(events, s, e)
		}
	}
	return events
}

// due tells when a subscription made now is ready, in clock time, or its error.
func (x *execution) due(s []byte, now uint64) (uint64, errno) {
	switch s[8] {
	case eventClock:
		base, ok := clockBase(uint64(binary.LittleEndian.Uint32(s[16:])))
		if !ok {
			return 0, errnoInval
		}
		timeout := binary.LittleEndian.Uint64(s[24:])
		if binary.LittleEndian.Uint16(s[40:])&clockAbsolute != 0 {
			return timeout - min(timeout, base), errnoSuccess
		}
		return now + min(timeout, clockEnd), errnoSuccess
	case eventRead, eventWrite:
		_, e := x.file(uint64(binary.LittleEndian.Uint32(s[16:])))
		return 0, e
	}
	return 0, errnoInval
}

func appendEvent(b, s []byte, e errno) []byte {
	b = append(b, s[:8]...) // user data
	b = binary.LittleEndian.AppendUint16(b, uint16(e))
	b = append(b, s[8])
	return append(b, make([]byte, eventSize-11)...)
}
