// Package jsonl reads JSON Lines, one value a line, strictly: members that the
// type does not have are refused, and an error names its line. Lines that are
// blank are skipped. The package promises to keep no line.
package jsonl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// MaxLine bounds a line, in bytes.
const MaxLine = 4 << 20

// Each decodes the lines of r, which is the blob or field called name, and calls
// do with each, at most so many times. Line is the value's place, such as
// "documents[12]", from 0 and counting blank lines. An error of do ends it.
func Each[T any](r io.Reader, name string, most int, do func(line string, v T) error) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, 64<<10), MaxLine)
	n := 0
	for i := 0; scanner.Scan(); i++ {
		if len(bytes.TrimSpace(scanner.Bytes())) == 0 {
			continue
		}
		if n++; n > most {
			return field.Errorf(name, "has more than %d lines", most)
		}
		line := field.Index(name, i)
		v, err := decode[T](scanner.Bytes())
		if err != nil {
			return field.Errorf(line, "%v", err)
		}
		if err := do(line, v); err != nil {
			return err
		}
	}
	if errors.Is(scanner.Err(), bufio.ErrTooLong) {
		return field.Errorf(name, "has a line of more than %d bytes", MaxLine)
	}
	return scanner.Err()
}

func decode[T any](line []byte) (v T, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return v, errors.New("more than one value")
	}
	return v, nil
}
