package p2p

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"
)

func readerOf(b []byte) *frameReader { return &frameReader{r: bytes.NewReader(b), max: MaxFrame} }

func mustFrame(t testing.TB, typ frameType, body []byte) []byte {
	t.Helper()
	frame, err := appendFrame(nil, typ, body)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func TestFramesRoundTrip(t *testing.T) {
	bodies := [][]byte{nil, {1}, bytes.Repeat([]byte{2}, firstRead), bytes.Repeat([]byte{3}, MaxFrame-1)}
	var wire []byte
	for i, body := range bodies {
		wire = append(wire, mustFrame(t, frameType(i+1), body)...)
	}
	// One byte at a time: a frame may be cut anywhere.
	r := &frameReader{r: iotest.OneByteReader(bytes.NewReader(wire)), max: MaxFrame}
	for i, want := range bodies {
		typ, got, err := r.next()
		if err != nil || typ != frameType(i+1) || !bytes.Equal(got, want) {
			t.Fatalf("frame %d: type %d, %d bytes, %v", i, typ, len(got), err)
		}
	}
	if _, _, err := r.next(); err != io.EOF {
		t.Errorf("after the last frame: %v", err)
	}
}

func TestFrameFormIsFixed(t *testing.T) {
	if got, want := mustFrame(t, typeAck, []byte{0xa0}), []byte{0, 0, 0, 2, 7, 0xa0}; !bytes.Equal(got, want) {
		t.Errorf("frame % x, want % x", got, want)
	}
}

func TestBadFrames(t *testing.T) {
	for name, c := range map[string]struct {
		wire []byte
		want error
	}{
		"empty":              {[]byte{0, 0, 0, 0}, ErrFrameMalformed},
		"over the cap":       {[]byte{0, 0x10, 0, 1}, ErrFrameTooLarge},
		"4 GiB":              {[]byte{0xff, 0xff, 0xff, 0xff}, ErrFrameTooLarge},
		"cut in the length":  {[]byte{0, 0}, ErrFrameTruncated},
		"cut after it":       {[]byte{0, 0, 0, 2}, ErrFrameTruncated},
		"cut in the body":    {[]byte{0, 0, 0, 3, 7, 1}, ErrFrameTruncated},
		"nothing":            {nil, io.EOF},
		"cut in a large one": {append([]byte{0, 0x10, 0, 0}, make([]byte, 70<<10)...), ErrFrameTruncated},
	} {
		if _, _, err := readerOf(c.wire).next(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := appendFrame(nil, typeAck, make([]byte, MaxFrame)); !errors.Is(err, ErrFrameTooLarge) {
		t.Errorf("written over the cap: %v", err)
	}
}

// A length is only a claim: a megabyte of claim and nothing behind it costs one
// small buffer, and one beyond the cap costs nothing.
func TestLengthAllocatesNothing(t *testing.T) {
	for length, most := range map[uint32]uint64{MaxFrame: 4 * firstRead, 1<<32 - 1: firstRead} {
		wire := binary.BigEndian.AppendUint32(nil, length)
		const rounds = 64
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range rounds {
			if _, _, err := readerOf(wire).next(); err == nil {
				t.Fatal("read a frame that is not there")
			}
		}
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) / rounds; got > most {
			t.Errorf("length %d makes the reader allocate %d bytes, at most %d", length, got, most)
		}
	}
}

func TestReadBufferIsReusedAndBounded(t *testing.T) {
	small, large := mustFrame(t, typeAck, make([]byte, 100)), mustFrame(t, typeAck, make([]byte, MaxFrame-1))
	r := readerOf(bytes.Join([][]byte{small, small, large, small}, nil))
	var bufs []*byte
	for range 4 {
		_, body, err := r.next()
		if err != nil {
			t.Fatal(err)
		}
		bufs = append(bufs, &body[0])
	}
	if bufs[0] != bufs[1] || cap(r.buf) > keepBuffer {
		t.Errorf("buffer reused: %t, kept: %d bytes", bufs[0] == bufs[1], cap(r.buf))
	}
}

// FuzzReadFrame feeds a stream to the whole decoder: no input may panic, be
// read beyond its cap, or decode to a message that does not encode to the same
// frame again.
func FuzzReadFrame(f *testing.F) {
	for _, m := range messageSamples() {
		frame, err := encodeMessage(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame)
		f.Add(frame[:len(frame)-1])
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 5})
	f.Add([]byte{0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, wire []byte) {
		r := readerOf(wire)
		for {
			typ, body, err := r.next()
			if err != nil {
				return
			}
			m, err := decodeMessage(typ, body)
			if err != nil {
				if !isViolation(err) {
					t.Fatalf("error %v is of no kind", err)
				}
				continue
			}
			want := mustFrame(t, typ, body)
			if again, err := encodeMessage(m); err != nil || !bytes.Equal(again, want) {
				t.Fatalf("%T % x encodes again to % x, %v", m, want, again, err)
			}
		}
	})
}
