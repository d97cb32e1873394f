package accesslog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxKeyBytes bounds an encoded key: a line in which every byte was escaped.
const maxKeyBytes = 8 * MaxLine

// puller reads a partial item by item. It accepts exactly what encodePartial
// writes.
type puller struct {
	name   string
	r      *bufio.Reader
	header header

	key   []byte // current item
	count int64
	first bool // no item of the section was read yet
	prev  []byte
}

// newPuller reads the header of the partial in r.
func newPuller(name string, r io.Reader, buffer int) (*puller, error) {
	p := &puller{name: name}
	d := json.NewDecoder(r)
	for _, want := range []json.Token{json.Delim('{'), "header"} {
		if got, err := d.Token(); err != nil || got != want {
			return nil, p.broken("want %v, have %v (%v)", want, got, err)
		}
	}
	d.DisallowUnknownFields()
	if err := d.Decode(&p.header); err != nil {
		return nil, p.broken("header: %v", err)
	}
	if err := p.header.check(); err != nil {
		return nil, p.broken("header: %v", err)
	}
	p.r = bufio.NewReaderSize(io.MultiReader(d.Buffered(), r), buffer)
	return p, nil
}

func (p *puller) broken(format string, args ...any) error {
	return fmt.Errorf("partial %q: "+format, append([]any{p.name}, args...)...)
}

// check refuses a header that no chunk can have.
func (h *header) check() error {
	switch {
	case h.Version != version:
		return fmt.Errorf("version %d, this is version %d", h.Version, version)
	case h.Lines < 0 || h.Lines > maxExact || h.Bytes < 0 || h.Bytes > maxExact,
		h.Malformed < 0 || h.InvalidRequests < 0 || h.Malformed > h.Lines || h.InvalidRequests > h.Lines-h.Malformed:
		return errors.New("impossible counts")
	case int64(len(h.Examples)) != min(h.Malformed, maxExamples):
		return fmt.Errorf("%d examples of %d malformed lines", len(h.Examples), h.Malformed)
	}
	return nil
}

// begin enters section s, which follows the header or the section before.
func (p *puller) begin(s section) error {
	p.first, p.prev = true, p.prev[:0]
	return p.literal(`,"` + s.String() + `":[`)
}

// end reads the end of the partial.
func (p *puller) end() error {
	if err := p.literal("}"); err != nil {
		return err
	}
	if _, err := p.r.ReadByte(); !errors.Is(err, io.EOF) {
		return p.broken("data after its end")
	}
	return nil
}

// next reads an item of the section into p.key and p.count; false at its end.
func (p *puller) next() (bool, error) {
	c, err := p.r.ReadByte()
	if err != nil {
		return false, p.broken("cut off: %w", err)
	}
	if c == ']' {
		return false, nil
	}
	if !p.first {
		if c != ',' {
			return false, p.broken("want ',', have %q", c)
		}
		c, err = p.r.ReadByte()
	}
	if err != nil || c != '[' {
		return false, p.broken("want '[', have %q (%v)", c, err)
	}
	return true, p.item()
}

func (p *puller) item() error {
	p.prev, p.key = p.key, p.prev[:0]
	if err := p.readKey(); err != nil {
		return err
	}
	if !p.first && compareKeys(p.prev, p.key) >= 0 {
		return p.broken("key %q does not come after %q", p.key, p.prev)
	}
	p.first = false
	return p.readCount()
}

// readKey reads a JSON string and the comma after it.
func (p *puller) readKey() error {
	if err := p.literal(`"`); err != nil {
		return err
	}
	for {
		part, err := p.r.ReadSlice('"')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return p.broken("cut off: %w", err)
		}
		p.key = append(p.key, part...)
		if len(p.key) > maxKeyBytes {
			return p.broken("key longer than %d bytes", maxKeyBytes)
		}
		if err == nil && !escapedEnd(p.key) {
			break
		}
	}
	p.key = p.key[:len(p.key)-1]
	if bytes.IndexByte(p.key, '\\') >= 0 {
		var s string
		if err := json.Unmarshal(append(append([]byte{'"'}, p.key...), '"'), &s); err != nil {
			return p.broken("key %q: %v", p.key, err)
		}
		p.key = append(p.key[:0], s...)
	}
	return p.literal(",")
}

// escapedEnd reports whether the quote that b ends with is escaped.
func escapedEnd(b []byte) bool {
	body := b[:len(b)-1]
	return (len(body)-len(bytes.TrimRight(body, `\`)))%2 == 1
}

// readCount reads a positive number and the bracket after it.
func (p *puller) readCount() error {
	text, err := p.r.ReadSlice(']')
	if err != nil {
		return p.broken("cut off in a count: %w", err)
	}
	n, ok := digits(text[:len(text)-1])
	if !ok || n < 1 || n > maxExact {
		return p.broken("count %q of %q is not a positive number", text[:len(text)-1], p.key)
	}
	p.count = n
	return nil
}

func (p *puller) literal(want string) error {
	for i := range len(want) {
		c, err := p.r.ReadByte()
		if err != nil || c != want[i] {
			return p.broken("want %q, have %q (%v)", want[i:], c, err)
		}
	}
	return nil
}
