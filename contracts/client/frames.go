package client

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// maxFrame bounds one frame of a stream in bytes.
const maxFrame = 4 << 20

// frame is one message of a stream of server-sent events (HTML standard,
// section 9.2.6). A frame without data is none.
type frame struct {
	id   string
	name string
	data []byte
}

// frames reads a stream. A frame that breaks off before its empty line is no
// frame, so that what is returned came whole.
type frames struct{ lines *bufio.Scanner }

func newFrames(r io.Reader) *frames {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxFrame)
	return &frames{s}
}

// next returns the next frame, io.EOF at the end of the stream.
func (f *frames) next() (frame, error) {
	var got frame
	var data []byte
	some := false
	for f.lines.Scan() {
		line := f.lines.Bytes()
		if len(line) == 0 {
			if some {
				got.data = data
				return got, nil
			}
			got = frame{}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "id":
			got.id = string(value)
		case "event":
			got.name = string(value)
		case "data":
			if some {
				data = append(data, '\n')
			}
			some = true
			data = append(data, value...)
		}
		if len(data) > maxFrame {
			return frame{}, fmt.Errorf("read stream: a frame is longer than %d bytes", maxFrame)
		}
	}
	if err := f.lines.Err(); err != nil {
		return frame{}, fmt.Errorf("read stream: %w", err)
	}
	return frame{}, io.EOF
}
