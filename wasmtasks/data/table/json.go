package table

import (
	"bufio"
	"bytes"
	"context"
	"io"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// maxDocument bounds a table that is one JSON document, which is read as a whole.
const maxDocument = 32 << 20

// lines reads JSON Lines twice: the columns are the members of all objects, in
// the order in which they first appear.
func (s Source) lines(ctx context.Context, name string) (*rows, error) {
	r, err := s.reader(ctx, name)
	if err != nil {
		return nil, err
	}
	var columns union
	for l := newLines(r, name); ; {
		v, err := l.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := columns.add(v, name); err != nil {
			return nil, err
		}
	}
	if r, err = s.reader(ctx, name); err != nil {
		return nil, err
	}
	l, row := newLines(r, name), make([]cell.Cell, len(columns.names))
	return &rows{columns.names, func() ([]cell.Cell, error) {
		v, err := l.next()
		if err != nil {
			return nil, err
		}
		columns.fill(row, v)
		return row, nil
	}}, nil
}

// union is the columns of objects.
type union struct {
	names []string
	index map[string]int
}

func (u *union) add(v value.Value, name string) error {
	if u.index == nil {
		u.index = map[string]int{}
	}
	for _, m := range v.Members {
		if _, ok := u.index[m.Name]; !ok {
			u.index[m.Name] = len(u.names)
			u.names = append(u.names, m.Name)
		}
	}
	return field.AtMost(name, len(u.names), maxColumns, "columns")
}

func (u *union) fill(row []cell.Cell, v value.Value) {
	clear(row)
	for _, m := range v.Members {
		row[u.index[m.Name]] = cell.OfValue(m.Value)
	}
}

type jsonLines struct {
	scanner *bufio.Scanner
	name    string
	line    int
}

func newLines(r io.Reader, name string) *jsonLines {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	return &jsonLines{scanner: s, name: name}
}

// next returns the object on the next line that is not empty.
func (l *jsonLines) next() (value.Value, error) {
	for l.scanner.Scan() {
		l.line++
		if len(bytes.TrimSpace(l.scanner.Bytes())) == 0 {
			continue
		}
		v, err := value.Parse(l.scanner.Bytes())
		if err != nil {
			return v, field.Errorf(l.name, "record on line %d: %v", l.line, err)
		}
		if v.Kind != value.Object {
			return v, field.Errorf(l.name, "line %d has a %s and not an object", l.line, v.Kind)
		}
		return v, nil
	}
	if err := l.scanner.Err(); err != nil {
		return value.Value{}, field.Errorf(l.name, "line %d: %v", l.line+1, err)
	}
	return value.Value{}, io.EOF
}

// listed reads a table that is one JSON document: a list of objects, or an object
// with columns and rows.
func listed(text []byte, name string) (*rows, error) {
	if err := field.AtMost(name, len(text), maxDocument, "bytes"); err != nil {
		return nil, err
	}
	v, err := value.Parse(text)
	if err != nil {
		return nil, field.Errorf(name, "is not JSON: %v", err)
	}
	if v.Kind == value.Object {
		return gridded(v, name)
	}
	if v.Kind != value.List {
		return nil, field.Errorf(name, "is a %s and neither a list of objects nor {columns, rows}", v.Kind)
	}
	var columns union
	for i, x := range v.Items {
		if x.Kind != value.Object {
			return nil, field.Errorf(field.Index(name, i), "is a %s and not an object", x.Kind)
		}
		if err := columns.add(x, name); err != nil {
			return nil, err
		}
	}
	i, row := 0, make([]cell.Cell, len(columns.names))
	return &rows{columns.names, func() ([]cell.Cell, error) {
		if i == len(v.Items) {
			return nil, io.EOF
		}
		columns.fill(row, v.Items[i])
		i++
		return row, nil
	}}, nil
}

func gridded(v value.Value, name string) (*rows, error) {
	names, _ := v.Get("columns")
	list, ok := v.Get("rows")
	if !ok || list.Kind != value.List || names.Kind != value.List {
		return nil, field.Errorf(name, "is neither a list of objects nor {columns, rows}")
	}
	columns := make([]string, len(names.Items))
	for i, n := range names.Items {
		columns[i] = n.Text
	}
	if err := named(columns, name); err != nil {
		return nil, err
	}
	i, row := 0, make([]cell.Cell, len(columns))
	return &rows{columns, func() ([]cell.Cell, error) {
		if i == len(list.Items) {
			return nil, io.EOF
		}
		items := list.Items[i].Items
		if list.Items[i].Kind != value.List || len(items) != len(columns) {
			return nil, field.Errorf(field.Index(name+".rows", i), "is not a list of %d cells", len(columns))
		}
		for j, x := range items {
			row[j] = loose(x)
		}
		i++
		return row, nil
	}}, nil
}

// loose makes an untyped cell of a text: tables that tasks give have those of
// CSV and calculated numbers as texts.
func loose(v value.Value) cell.Cell {
	if v.Kind == value.String {
		return cell.OfField(v.Text)
	}
	return cell.OfValue(v)
}
