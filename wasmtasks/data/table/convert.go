package table

import (
	"bytes"
	"context"
	"encoding/csv"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// ConvertInput is a table and the form it is wanted in.
type ConvertInput struct {
	Table     Source `json:"table"`
	To        string `json:"to" jsonschema:"enum=csv,enum=tsv,enum=jsonl,enum=json,enum=markdown"`
	Delimiter string `json:"delimiter,omitempty" jsonschema:"maxLength=4" jsonschema_description:"of csv, a comma if absent"`
	CRLF      bool   `json:"crlf,omitempty" jsonschema_description:"whether lines of csv and tsv end with CRLF, as RFC 4180 has it, and not with LF"`
	Types     string `json:"types,omitempty" jsonschema:"enum=text,enum=infer" jsonschema_description:"whether fields of csv are texts in JSON (default), or numbers, true and false where they are spelled like those of JSON"`
}

// TextOutput is the text that came out.
type TextOutput struct {
	Text     string `json:"text"`
	RowCount int    `json:"row_count"`
}

// maxOutput bounds the text of a table.
const maxOutput = 8 << 20

// Convert writes a table in another form. A missing cell is an empty field of
// CSV, and no member of a JSON object.
func Convert(ctx context.Context, in ConvertInput) (TextOutput, error) {
	if err := field.OneOf("to", in.To, "csv", "tsv", "jsonl", "json", "markdown"); err != nil {
		return TextOutput{}, err
	}
	if in.Types != "" {
		if err := field.OneOf("types", in.Types, "text", "infer"); err != nil {
			return TextOutput{}, err
		}
	}
	r, err := in.Table.open(ctx, "table")
	if err != nil {
		return TextOutput{}, err
	}
	out, n := &bytes.Buffer{}, 0
	w, err := in.writer(out, r.columns)
	if err != nil {
		return TextOutput{}, err
	}
	err = r.each(func(row []cell.Cell) error {
		n++
		if err := w.row(row, n); err != nil {
			return field.Errorf("table", "row %d: %v", n, err)
		}
		return field.AtMost("table", out.Len(), maxOutput, "bytes as "+in.To)
	})
	if err != nil {
		return TextOutput{}, err
	}
	w.end(n)
	return TextOutput{out.String(), n}, nil
}

// writer writes a table row by row.
type writer struct {
	row func(row []cell.Cell, n int) error
	end func(n int)
}

func (in ConvertInput) writer(out *bytes.Buffer, columns []string) (writer, error) {
	switch in.To {
	case "csv", "tsv":
		return in.separated(out, columns)
	case "markdown":
		return markdown(out, columns), nil
	}
	before, between, after := "[", ",\n", "]"
	if in.To == "jsonl" {
		before, between, after = "", "\n", "\n"
	}
	out.WriteString(before)
	return writer{func(row []cell.Cell, n int) error {
		if n > 1 {
			out.WriteString(between)
		}
		out.Write(object(columns, row, in.Types == "infer").Append(nil))
		return nil
	}, func(n int) {
		if n > 0 || in.To == "json" {
			out.WriteString(after)
		}
	}}, nil
}

func (in ConvertInput) separated(out *bytes.Buffer, columns []string) (writer, error) {
	delimiter, err := Source{Format: in.To, Delimiter: in.Delimiter}.delimiter("delimiter")
	if err != nil {
		return writer{}, field.Errorf("delimiter", "%q is not one character that can separate fields of %s", in.Delimiter, in.To)
	}
	w := csv.NewWriter(out)
	w.Comma = delimiter // not UseCRLF, which changes line ends within fields too
	record := make([]string, len(columns))
	write := func() error {
		if len(record) == 1 && record[0] == "" { // an empty line would be no record
			out.WriteString(`""` + "\n")
		} else if err := w.Write(record); err != nil {
			return err
		}
		w.Flush()
		if in.CRLF {
			out.Truncate(out.Len() - 1)
			out.WriteString("\r\n")
		}
		return nil
	}
	copy(record, columns)
	if err := write(); err != nil {
		return writer{}, err
	}
	return writer{func(row []cell.Cell, _ int) error {
		for i, c := range row {
			record[i] = c.String()
		}
		return write()
	}, func(int) {}}, nil
}

func markdown(out *bytes.Buffer, columns []string) writer {
	line := func(cells []string) {
		escape := strings.NewReplacer("|", `\|`, "\r\n", "<br>", "\n", "<br>", "\r", "<br>")
		for _, c := range cells {
			out.WriteString("| " + escape.Replace(c) + " ")
		}
		out.WriteString("|\n")
	}
	line(columns)
	out.WriteString(strings.Repeat("| --- ", len(columns)) + "|\n")
	cells := make([]string, len(columns))
	return writer{func(row []cell.Cell, _ int) error {
		for i, c := range row {
			cells[i] = c.String()
		}
		line(cells)
		return nil
	}, func(int) {}}
}

// object makes a JSON object of a row.
func object(columns []string, row []cell.Cell, infer bool) value.Value {
	v := value.Value{Kind: value.Object}
	for i, c := range row {
		if c.Kind != cell.Missing {
			v.Members = append(v.Members, value.Member{Name: columns[i], Value: typed(c, infer)})
		}
	}
	return v
}

func typed(c cell.Cell, infer bool) value.Value {
	text := c.Kind == cell.Text || c.Kind == cell.Untyped && !infer
	if !text {
		v, err := value.Parse([]byte(c.Text))
		if err == nil && (c.Kind != cell.Untyped || v.Kind == value.Number || v.Kind == value.Bool) {
			return v
		}
	}
	return value.Of(c.Text)
}

// ReadList reads a table as a list of objects, for conversion to formats that are
// not tables.
func ReadList(ctx context.Context, s Source, name string, infer bool) (value.Value, error) {
	r, err := s.open(ctx, name)
	if err != nil {
		return value.Value{}, err
	}
	v := value.Value{Kind: value.List, Items: []value.Value{}}
	err = r.each(func(row []cell.Cell) error {
		v.Items = append(v.Items, object(r.columns, row, infer))
		return nil
	})
	return v, err
}
