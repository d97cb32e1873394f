// Package table has the tasks on tables, which are CSV, JSON Lines or JSON: select,
// aggregate, sort, join, pivot, describe and convert. Tables are read row by row,
// so that one of 50 MB fits into a small unit, and what is kept of them is bounded.
// The package promises exact numbers and the same order of rows every time.
package table

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Source is a table: one of data, text and blob, and how it is written.
type Source struct {
	Data      json.RawMessage `json:"data,omitempty" jsonschema:"oneof_required=data" jsonschema_description:"a list of objects, or what another table task gave: {columns, rows}"`
	Text      string          `json:"text,omitempty" jsonschema:"oneof_required=text"`
	Blob      string          `json:"blob,omitempty" jsonschema:"oneof_required=blob" jsonschema_description:"the name of a blob with the text"`
	Format    string          `json:"format,omitempty" jsonschema:"enum=csv,enum=tsv,enum=jsonl,enum=json" jsonschema_description:"of text or blob. csv: RFC 4180, UTF-8 with or without byte order mark, lines end with LF or CRLF, empty lines are skipped; jsonl: an object a line; json: as data"`
	Delimiter string          `json:"delimiter,omitempty" jsonschema:"maxLength=4" jsonschema_description:"of csv, a comma if absent"`
	NoHeader  bool            `json:"no_header,omitempty" jsonschema_description:"whether the first record of csv or tsv is data; the columns are then column_1, column_2 and so on"`
	Trim      bool            `json:"trim,omitempty" jsonschema_description:"whether spaces around fields and column names are dropped"`
	Ragged    string          `json:"ragged,omitempty" jsonschema:"enum=refuse,enum=pad" jsonschema_description:"what a record of csv with fewer fields than columns is: an error (default), or its last cells are missing; one with more is an error"`
}

// Bounds of a table.
const (
	maxColumns = 1000
	maxLine    = 4 << 20 // bytes of a line of JSON
)

// rows are those of a table, one after the other.
type rows struct {
	columns []string
	// next returns the next row, valid until the next call, or io.EOF.
	next func() ([]cell.Cell, error)
}

// index returns the place of a column. Errors name the given field.
func (r *rows) index(name, column string) (int, error) {
	for i, c := range r.columns {
		if c == column {
			return i, nil
		}
	}
	return 0, field.Errorf(name, "there is no column %.60q, there are %.300q", column, r.columns[:min(len(r.columns), 20)])
}

func (r *rows) indexes(name string, columns []string) ([]int, error) {
	if err := field.AtMost(name, len(columns), maxColumns, "columns"); err != nil {
		return nil, err
	}
	out := make([]int, len(columns))
	for i, c := range columns {
		at, err := r.index(field.Index(name, i), c)
		if err != nil {
			return nil, err
		}
		out[i] = at
	}
	return out, nil
}

// open begins to read a table. It can be opened again. Errors name fields below
// name.
func (s Source) open(ctx context.Context, name string) (*rows, error) {
	if err := s.check(name); err != nil {
		return nil, err
	}
	switch {
	case s.Data != nil:
		return listed(s.Data, name+".data")
	case s.Format == "jsonl":
		return s.lines(ctx, name)
	}
	text, err := s.reader(ctx, name)
	if err != nil {
		return nil, err
	}
	if s.Format == "json" {
		all, err := io.ReadAll(io.LimitReader(text, maxDocument+1))
		if err != nil {
			return nil, field.Errorf(name, "%v", err)
		}
		return listed(all, name)
	}
	return s.records(text, name)
}

func (s Source) check(name string) error {
	given := 0
	for _, is := range []bool{s.Data != nil, s.Text != "", s.Blob != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		return field.Errorf(name, "has %d of data, text and blob, not one", given)
	}
	if s.Data != nil {
		if s.Format != "" {
			return field.Errorf(name+".format", "is for text and blobs")
		}
		return nil
	}
	if s.Ragged != "" {
		if err := field.OneOf(name+".ragged", s.Ragged, "refuse", "pad"); err != nil {
			return err
		}
	}
	return field.OneOf(name+".format", s.Format, "csv", "tsv", "jsonl", "json")
}

// reader returns the text without its byte order mark.
func (s Source) reader(ctx context.Context, name string) (io.Reader, error) {
	var r io.Reader = strings.NewReader(s.Text)
	if s.Blob != "" {
		blob, err := sdk.OpenBlob(ctx, s.Blob)
		if err != nil {
			return nil, field.Errorf(name+".blob", "%v", err)
		}
		r = blob
	}
	mark := make([]byte, 3)
	n, err := io.ReadFull(r, mark)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, field.Errorf(name, "%v", err)
	}
	return io.MultiReader(bytes.NewReader(bytes.TrimPrefix(mark[:n], []byte("\ufeff"))), r), nil
}

// named checks the names of columns.
func named(columns []string, name string) error {
	if err := field.AtMost(name, len(columns), maxColumns, "columns"); err != nil {
		return err
	}
	seen := make(map[string]bool, len(columns))
	for i, c := range columns {
		if c == "" {
			return field.Errorf(name, "column %d has no name: name it, or say no_header", i+1)
		}
		if seen[c] {
			return field.Errorf(name, "there are two columns %.60q", c)
		}
		seen[c] = true
	}
	return nil
}
