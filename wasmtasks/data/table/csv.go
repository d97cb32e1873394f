package table

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// records reads CSV by encoding/csv, which makes LF of a CRLF within quotes.
func (s Source) records(text io.Reader, name string) (*rows, error) {
	r := csv.NewReader(bufio.NewReaderSize(text, 64<<10))
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	delimiter, err := s.delimiter(name)
	if err != nil {
		return nil, err
	}
	r.Comma = delimiter
	first, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, field.Errorf(name, "is empty: it has not even a header")
	}
	if err != nil {
		return nil, field.Errorf(name, "%v", err)
	}
	columns := make([]string, len(first))
	for i, f := range first {
		columns[i] = s.trimmed(f)
		if s.NoHeader {
			columns[i] = fmt.Sprintf("column_%d", i+1)
		}
	}
	if err := named(columns, name); err != nil {
		return nil, err
	}
	c := &records{Source: s, csv: r, name: name, row: make([]cell.Cell, len(columns))}
	if s.NoHeader {
		c.held = first
	} else if err := c.valid(first); err != nil {
		return nil, err
	}
	return &rows{columns, c.next}, nil
}

func (s Source) delimiter(name string) (rune, error) {
	switch {
	case s.Format == "tsv":
		if s.Delimiter != "" {
			return 0, field.Errorf(name+".delimiter", "is for csv")
		}
		return '\t', nil
	case s.Delimiter == "":
		return ',', nil
	}
	c, n := utf8.DecodeRuneInString(s.Delimiter)
	if n != len(s.Delimiter) || strings.ContainsRune("\"\r\n\ufeff", c) || c == utf8.RuneError {
		return 0, field.Errorf(name+".delimiter", "%q is not one character that can separate fields", s.Delimiter)
	}
	return c, nil
}

func (s Source) trimmed(f string) string {
	if s.Trim {
		return strings.TrimSpace(f)
	}
	return f
}

type records struct {
	Source
	csv  *csv.Reader
	name string
	held []string // the first record, if it is data
	row  []cell.Cell
}

func (c *records) next() ([]cell.Cell, error) {
	record := c.held
	if record == nil {
		var err error
		if record, err = c.csv.Read(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil, io.EOF
			}
			return nil, field.Errorf(c.name, "%v", err)
		}
	}
	c.held = nil
	if err := c.valid(record); err != nil {
		return nil, err
	}
	if len(record) > len(c.row) || len(record) < len(c.row) && c.Ragged != "pad" {
		line, _ := c.csv.FieldPos(0)
		return nil, field.Errorf(c.name, "line %d has %d fields, there are %d columns", line, len(record), len(c.row))
	}
	for i := range c.row {
		c.row[i] = cell.Cell{}
		if i < len(record) {
			c.row[i] = cell.OfField(c.trimmed(record[i]))
		}
	}
	return c.row, nil
}

func (c *records) valid(record []string) error {
	for i, f := range record {
		if !utf8.ValidString(f) {
			line, column := c.csv.FieldPos(i)
			return field.Errorf(c.name, "line %d, column %d: the field is not UTF-8", line, column)
		}
	}
	return nil
}
