package p2p

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	// MaxFrame is the cap on a frame's length field, which counts the type byte
	// and the body.
	MaxFrame = 1 << 20
	// maxHandshake is the cap before the peer is admitted.
	maxHandshake = 64 << 10

	lengthSize = 4
	// firstRead is what a length field alone can make a reader allocate; a frame
	// then at most doubles what has arrived of it.
	firstRead = 4 << 10
	// keepBuffer is the largest read buffer that outlives its frame.
	keepBuffer = 64 << 10
)

// frameType tells the message of a frame. Numbers are never reused.
type frameType uint8

const (
	typeHello     frameType = 1
	typeWelcome   frameType = 2
	typeRefuse    frameType = 3
	typeCredit    frameType = 4
	typeAssign    frameType = 5
	typeResults   frameType = 6
	typeAck       frameType = 7
	typeReject    frameType = 8
	typeHeartbeat frameType = 9
	typeCancel    frameType = 10
	typeDrain     frameType = 11
	typeGoodbye   frameType = 12
	typeFault     frameType = 13
	typeTokens    frameType = 14
	typeScored    frameType = 15

	typeWant  frameType = 32
	typeBlock frameType = 33
)

// appendFrame appends u32 length, type and body to dst.
func appendFrame(dst []byte, t frameType, body []byte) ([]byte, error) {
	n := len(body) + 1
	if n > MaxFrame {
		return dst, fmt.Errorf("%w: %d bytes of type %d, at most %d", ErrFrameTooLarge, n, t, MaxFrame)
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(n))
	dst = append(dst, byte(t))
	return append(dst, body...), nil
}

// frameReader reads frames one after the other. It believes a length field
// only as far as the cap, and allocates only as fast as bytes arrive.
type frameReader struct {
	r    io.Reader // buffered
	max  int
	head [lengthSize]byte
	buf  []byte
}

// next returns the type and body of the next frame. The body is valid until
// the next call. At a frame boundary the end of the stream is io.EOF, inside a
// frame it is ErrFrameTruncated.
func (f *frameReader) next() (frameType, []byte, error) {
	if _, err := io.ReadFull(f.r, f.head[:]); err != nil {
		return 0, nil, truncated(err, io.ErrUnexpectedEOF)
	}
	n := binary.BigEndian.Uint32(f.head[:])
	switch {
	case n == 0:
		return 0, nil, fmt.Errorf("%w: it is empty", ErrFrameMalformed)
	case int64(n) > int64(f.max):
		return 0, nil, fmt.Errorf("%w: %d bytes, at most %d", ErrFrameTooLarge, n, f.max)
	}
	frame, err := f.fill(int(n))
	if err != nil {
		return 0, nil, truncated(err, err)
	}
	return frameType(frame[0]), frame[1:], nil
}

func (f *frameReader) fill(n int) ([]byte, error) {
	buf := f.buf[:0]
	for len(buf) < n {
		have := len(buf)
		more := min(n-have, max(have, firstRead))
		buf = slices.Grow(buf, more)[:have+more]
		if _, err := io.ReadFull(f.r, buf[have:]); err != nil {
			return nil, err
		}
	}
	if cap(buf) <= keepBuffer {
		f.buf = buf
	}
	return buf, nil
}

// truncated renames the end of the stream when it is the one that cut a frame.
func truncated(err, cut error) error {
	if isEnd(err) && errors.Is(err, cut) {
		return fmt.Errorf("%w: %w", ErrFrameTruncated, err)
	}
	return err
}
