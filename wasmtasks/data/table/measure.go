package table

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Measure is a number to calculate of the cells of a group.
type Measure struct {
	Fn      string       `json:"fn" jsonschema:"enum=count,enum=count_distinct,enum=sum,enum=mean,enum=median,enum=min,enum=max,enum=p90,enum=p95,enum=p99,enum=percentile,enum=stdev,enum=first,enum=last" jsonschema_description:"count without a column counts rows; missing cells do not count; quantiles lie on the line between two values (type 7, as in spreadsheets); stdev is that of a sample; min and max are numbers if all cells are and else texts by code point"`
	Column  string       `json:"column,omitempty"`
	Formula string       `json:"formula,omitempty" jsonschema:"maxLength=4096" jsonschema_description:"instead of a column, such as price * qty"`
	Percent exact.Number `json:"percent,omitempty" jsonschema_description:"of percentile, from 0 to 100"`
	As      string       `json:"as,omitempty" jsonschema_description:"the name of the result, such as sum_price if absent"`
}

// measure is a Measure of a table.
type measure struct {
	Measure
	name  string
	value func([]cell.Cell) (cell.Cell, error) // nil to count rows
	share *big.Rat
	skip  bool // cells that are not numbers
	same  int  // the first measure that keeps the same numbers, perhaps this one
}

// measures compiles measures. skip says what to do with cells that are not
// numbers where numbers are needed.
func measures(r *rows, list []Measure, name, skip string) ([]measure, error) {
	if skip != "" {
		if err := field.OneOf("not_a_number", skip, "refuse", "skip"); err != nil {
			return nil, err
		}
	}
	out := make([]measure, len(list))
	for i, m := range list {
		at := field.Index(name, i)
		c := measure{Measure: m, name: m.As, skip: skip == "skip", same: i}
		if m.Fn != "count" || m.Column+m.Formula != "" {
			value, err := compileItem(r, at, m.Column, m.Formula)
			if err != nil {
				return nil, err
			}
			c.value = value
		}
		if c.name == "" {
			c.name = strings.TrimSuffix(m.Fn+"_"+m.Column+m.Formula, "_")
		}
		switch m.Fn {
		case "median":
			c.share = big.NewRat(1, 2)
		case "p90", "p95", "p99":
			c.share = big.NewRat(int64(10*(m.Fn[1]-'0')+m.Fn[2]-'0'), 100)
		case "percentile":
			percent, err := m.Percent.Rat(at + ".percent")
			if err != nil {
				return nil, err
			}
			c.share = new(big.Rat).Quo(percent, big.NewRat(100, 1))
			if c.share.Sign() < 0 || c.share.Cmp(big.NewRat(1, 1)) > 0 {
				return nil, field.Errorf(at+".percent", "%s is not from 0 to 100", m.Percent)
			}
		case "count", "count_distinct", "sum", "mean", "min", "max", "stdev", "first", "last":
		default:
			return nil, field.OneOf(at+".fn", m.Fn, "count", "count_distinct", "sum", "mean", "median", "min", "max", "p90", "p95", "p99", "percentile", "stdev", "first", "last")
		}
		for j := range out[:i] {
			if c.share != nil && out[j].share != nil && m.Column == out[j].Column && m.Formula == out[j].Formula {
				c.same = j
				break
			}
		}
		out[i] = c
	}
	return out, nil
}

// tally is what a measure knows of a group so far.
type tally struct {
	count                            int
	sum                              cell.Sum
	squares                          *big.Rat
	numbers                          []cell.Num
	distinct                         map[string]bool
	texts                            bool // a cell is no number
	least, most, leastText, mostText cell.Cell
	first, last                      cell.Cell
}

// see adds a row. kept counts what all groups keep.
func (m *measure) see(t *tally, row []cell.Cell, kept *int) error {
	if m.value == nil {
		t.count++
		return nil
	}
	c, err := m.value(row)
	if err != nil || c.Kind == cell.Missing {
		return err
	}
	switch m.Fn {
	case "sum", "mean", "stdev", "median", "p90", "p95", "p99", "percentile":
		return m.number(t, c, kept)
	case "min", "max":
		m.extreme(t, c)
	case "count_distinct":
		if t.distinct == nil {
			t.distinct = map[string]bool{}
		}
		if k := c.Key(); !t.distinct[k] {
			t.distinct[k] = true
			*kept++
		}
	case "first":
		if t.count == 0 {
			t.first = c
		}
	case "last":
		t.last = c
	}
	t.count++
	return full(*kept)
}

func full(kept int) error {
	if kept > maxKept {
		return fmt.Errorf("more than %d values have to be kept", maxKept)
	}
	return nil
}

func (m *measure) number(t *tally, c cell.Cell, kept *int) error {
	n, ok := c.Num()
	if !ok {
		if m.skip {
			return nil
		}
		return fmt.Errorf("%.40q is not a number", c.String())
	}
	t.count++
	switch {
	case m.share != nil:
		t.numbers = append(t.numbers, n)
		*kept++
		return full(*kept)
	case m.Fn == "stdev":
		if t.squares == nil {
			t.squares = new(big.Rat)
		}
		r := n.Rat()
		t.squares.Add(t.squares, new(big.Rat).Mul(r, r))
	}
	t.sum.Add(n)
	return nil
}

// extreme keeps the least and the greatest cell, as numbers and as texts.
func (m *measure) extreme(t *tally, c cell.Cell) {
	if t.count == 0 || strings.Compare(c.String(), t.leastText.String()) < 0 {
		t.leastText = c
	}
	if t.count == 0 || strings.Compare(c.String(), t.mostText.String()) > 0 {
		t.mostText = c
	}
	n, ok := c.Num()
	if !ok {
		t.texts = true
	}
	if t.texts {
		return
	}
	least, _ := t.least.Num()
	most, _ := t.most.Num()
	if t.count == 0 || n.Cmp(least) < 0 {
		t.least = c
	}
	if t.count == 0 || n.Cmp(most) > 0 {
		t.most = c
	}
}

// result is the measure of a group, missing if no cell counted.
func (m *measure) result(t *tally, f exact.Format) cell.Cell {
	whole := func(n int) cell.Cell { return cell.Cell{Kind: cell.Number, Text: fmt.Sprint(n)} }
	switch {
	case m.Fn == "count":
		return whole(t.count)
	case m.Fn == "count_distinct":
		return whole(len(t.distinct))
	case m.Fn == "sum":
		return cell.OfRat(t.sum.Rat())
	case t.count == 0:
		return cell.Cell{}
	case m.Fn == "mean":
		return cell.OfRat(new(big.Rat).Quo(t.sum.Rat(), big.NewRat(int64(t.count), 1)))
	case m.share != nil:
		slices.SortFunc(t.numbers, cell.Num.Cmp)
		return cell.OfRat(cell.Quantile(t.numbers, m.share))
	case m.Fn == "stdev":
		return t.deviation(f)
	case m.Fn == "first":
		return t.first
	case m.Fn == "last":
		return t.last
	case m.Fn == "min" && t.texts:
		return t.leastText
	case m.Fn == "min":
		return t.least
	case t.texts:
		return t.mostText
	}
	return t.most
}

// deviation is the standard deviation of a sample, rounded.
func (t *tally) deviation(f exact.Format) cell.Cell {
	if t.count < 2 {
		return cell.Cell{}
	}
	sum, n := t.sum.Rat(), big.NewRat(int64(t.count), 1)
	variance := new(big.Rat).Sub(t.squares, new(big.Rat).Quo(new(big.Rat).Mul(sum, sum), n))
	variance.Quo(variance, big.NewRat(int64(t.count-1), 1))
	root, _ := exact.Parse(f.Sqrt(variance))
	return cell.OfRat(root)
}
