package logs

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// MaxChunk bounds a chunk in bytes. It leaves room below the largest block.
const MaxChunk = 32 << 20

// Chunks cuts the log in r into pieces of at least size bytes, each ending with
// a line feed, and hands them to emit in order. Joined, the chunks are the log,
// byte for byte; the last one may be smaller and need not end with a line feed.
// An empty log has one empty chunk. A chunk is the callee's to keep.
//
// It holds one chunk. A chunk that would exceed MaxChunk, because of a very
// long line, is an error: a line is never cut.
func Chunks(r io.Reader, size int, emit func(chunk []byte) error) error {
	if size < 1 || size > MaxChunk {
		return fmt.Errorf("chunk size %d is not 1 to %d bytes", size, MaxChunk)
	}
	log := bufio.NewReaderSize(r, 1<<16)
	for n := 0; ; n++ {
		chunk, err := readChunk(log, size)
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return fmt.Errorf("chunk %d: %w", n, err)
		}
		if len(chunk) > 0 || n == 0 {
			if err := emit(chunk); err != nil {
				return fmt.Errorf("chunk %d: %w", n, err)
			}
		}
		if last {
			return nil
		}
	}
}

// readChunk reads size bytes and on to the end of the line they end in. The
// error is io.EOF with the last chunk.
func readChunk(r *bufio.Reader, size int) ([]byte, error) {
	chunk := make([]byte, size)
	n, err := io.ReadFull(r, chunk)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	if err != nil {
		return chunk[:n], err
	}
	for chunk[len(chunk)-1] != '\n' {
		part, err := r.ReadSlice('\n')
		chunk = append(chunk, part...)
		if len(chunk) > MaxChunk {
			return nil, fmt.Errorf("no line end within %d bytes", MaxChunk)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return chunk, err
		}
	}
	return chunk, nil
}
