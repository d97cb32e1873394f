package accesslog

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// MaxLine is the longest line that is parsed, in bytes without its end.
const MaxLine = 64 << 10

// sampleBytes is how much of a malformed line a report shows.
const sampleBytes = 160

var errTooLong = errors.New("longer than 65536 bytes")

// eachLine calls fn for every line of r: without its line end, LF or CRLF, or
// with only the first bytes and long set if it exceeds MaxLine. The last line
// needs no end. The slice is valid until fn returns.
func eachLine(r io.Reader, fn func(line []byte, long bool)) error {
	b := bufio.NewReaderSize(r, MaxLine+2)
	for {
		line, err := b.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			fn(line[:sampleBytes], true)
			err = skipLine(b)
		} else if len(line) > 0 {
			line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
			fn(line, len(line) > MaxLine)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// skipLine discards up to and including the next line feed.
func skipLine(b *bufio.Reader) error {
	for {
		_, err := b.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}
