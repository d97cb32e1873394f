package p2p

import (
	"fmt"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

// side is one of the two ends of a work stream.
type side uint8

const (
	worker side = 1 << iota
	coordinator
)

func (s side) String() string {
	if s == worker {
		return "worker"
	}
	return "coordinator"
}

// senders says who may send a message on an established stream. The handshake
// reads its three messages by itself, so that none of them is in place later.
func senders(t frameType) side {
	switch t {
	case typeCredit, typeResults, typeFault, typeTokens, typeScored:
		return worker
	case typeAssign, typeAck, typeReject, typeCancel:
		return coordinator
	case typeHeartbeat, typeDrain, typeGoodbye:
		return worker | coordinator
	}
	return 0
}

// newMessage returns the zero message of a type, nil for an unknown one.
func newMessage(t frameType) Message {
	switch t {
	case typeHello:
		return new(Hello)
	case typeWelcome:
		return new(Welcome)
	case typeRefuse:
		return new(Refuse)
	case typeCredit:
		return new(Credit)
	case typeAssign:
		return new(Assign)
	case typeResults:
		return new(Results)
	case typeAck:
		return new(Ack)
	case typeReject:
		return new(Reject)
	case typeHeartbeat:
		return new(Heartbeat)
	case typeCancel:
		return new(Cancel)
	case typeDrain:
		return new(Drain)
	case typeGoodbye:
		return new(Goodbye)
	case typeFault:
		return new(Fault)
	case typeTokens:
		return new(Tokens)
	case typeScored:
		return new(Scored)
	}
	return nil
}

// encodeMessage returns m as one frame.
func encodeMessage(m Message) ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%w: %T: %w", ErrFrameMalformed, m, err)
	}
	if hot, ok := m.(hotMessage); ok {
		return encodeHot(hot, sizeOf(hot))
	}
	body, err := dagcbor.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("%w: %T: %w", ErrFrameMalformed, m, err)
	}
	return appendFrame(make([]byte, 0, lengthSize+1+len(body)), m.frame(), body)
}

// decodeMessage is the inverse of encodeMessage for the body of a frame. The
// message shares no memory with body.
func decodeMessage(t frameType, body []byte) (Message, error) {
	m := newMessage(t)
	if m == nil {
		return nil, fmt.Errorf("%w: %d", ErrUnknownType, t)
	}
	if err := decodeBody(body, m); err != nil {
		return nil, fmt.Errorf("%w: %T: %w", ErrFrameMalformed, m, err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%w: %T: %w", ErrFrameMalformed, m, err)
	}
	return m, checkAssign(m, len(body)+1)
}

func decodeBody(body []byte, m Message) error {
	hot, ok := m.(hotMessage)
	if !ok {
		return dagcbor.Unmarshal(body, m)
	}
	r := dagcbor.NewReader(body)
	hot.read(r)
	return r.Done()
}

// checkAssign holds an Assign of several units to its own cap on the frame.
func checkAssign(m Message, n int) error {
	if a, ok := m.(*Assign); ok && len(a.Units) > 1 && n > MaxAssign {
		return fmt.Errorf("%w: %d bytes for %d units, at most %d", ErrFrameTooLarge, n, len(a.Units), MaxAssign)
	}
	return nil
}

// unitOverhead bounds what a unit's encoding adds to its invocation: five field
// names, six heads and five integers, with room to spare.
const unitOverhead = 128

// PackUnits cuts units, in order, into as few Assign messages as the bounds of
// a frame allow: at most MaxUnits and MaxAssign bytes each, a larger unit alone.
func PackUnits(units []Unit) []*Assign {
	var frames []*Assign
	for start := 0; start < len(units); {
		size, end := unitOverhead, start
		for end < len(units) && end-start < MaxUnits {
			size += unitOverhead + len(units[end].Invocation)
			if size > MaxAssign && end > start {
				break
			}
			end++
		}
		frames = append(frames, &Assign{Units: units[start:end]})
		start = end
	}
	return frames
}
