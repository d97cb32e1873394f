package text

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// most returns the n most frequent words.
func most(counts map[string]int, n int) []WordCount {
	all := make([]WordCount, 0, len(counts))
	for _, w := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, WordCount{w, counts[w]})
	}
	slices.SortStableFunc(all, func(a, b WordCount) int { return b.Count - a.Count })
	return all[:min(n, len(all))]
}

// SortInput is lines or other items to put in order.
type SortInput struct {
	Items      []string `json:"items" jsonschema:"maxItems=100000"`
	Order      string   `json:"order" jsonschema:"enum=code_point,enum=natural,enum=number,enum=length" jsonschema_description:"natural compares runs of digits by their value; number wants decimal numbers; length is in code points"`
	IgnoreCase bool     `json:"ignore_case"`
	Descending bool     `json:"descending"`
}

// ItemsOutput is the items that came out.
type ItemsOutput struct {
	Items []string `json:"items"`
}

// Sort puts items in order. Items that compare equal stay in the order they
// were in, also when descending.
func Sort(_ context.Context, in SortInput) (ItemsOutput, error) {
	if err := field.AtMost("items", len(in.Items), maxItems, "items"); err != nil {
		return ItemsOutput{}, err
	}
	compare, err := in.comparison()
	if err != nil {
		return ItemsOutput{}, err
	}
	order := make([]int, len(in.Items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if in.Descending {
			a, b = b, a
		}
		return compare(a, b)
	})
	out := ItemsOutput{make([]string, len(order))}
	for i, from := range order {
		out.Items[i] = in.Items[from]
	}
	return out, nil
}

// comparison compares items by their indexes.
func (in SortInput) comparison() (func(a, b int) int, error) {
	keys := make([]string, len(in.Items))
	for i, s := range in.Items {
		if keys[i] = s; in.IgnoreCase {
			keys[i] = fold(s)
		}
	}
	switch in.Order {
	case "code_point":
		return func(a, b int) int { return strings.Compare(keys[a], keys[b]) }, nil
	case "natural":
		return func(a, b int) int { return natural(keys[a], keys[b]) }, nil
	case "length":
		return func(a, b int) int { return cmp.Compare(len([]rune(keys[a])), len([]rune(keys[b]))) }, nil
	case "number":
		numbers, err := exact.Rats("items", keys)
		return func(a, b int) int { return numbers[a].Cmp(numbers[b]) }, err
	}
	return nil, field.OneOf("order", in.Order, "code_point", "natural", "number", "length")
}

// fold makes texts that differ in case only equal, by simple case folding.
func fold(s string) string {
	return strings.Map(func(c rune) rune {
		least := c
		for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return unicode.ToLower(least)
	}, s)
}

// natural compares runs of ASCII digits by value and all else by code point.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, y := run(a), run(b)
		var c int
		if digit(a[0]) && digit(b[0]) {
			p, q := strings.TrimLeft(a[:x], "0"), strings.TrimLeft(b[:y], "0")
			c = cmp.Or(cmp.Compare(len(p), len(q)), strings.Compare(p, q))
		} else {
			c = strings.Compare(a[:x], b[:y])
		}
		if c != 0 {
			return c
		}
		a, b = a[x:], b[y:]
	}
	return cmp.Compare(len(a), len(b))
}

// run returns the length of the digits at the beginning, or else 1.
func run(s string) int {
	n := 0
	for n < len(s) && digit(s[n]) {
		n++
	}
	return max(n, 1)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// DedupeInput is items some of which may be the same.
type DedupeInput struct {
	Items       []string `json:"items" jsonschema:"maxItems=100000"`
	IgnoreCase  bool     `json:"ignore_case"`
	IgnoreSpace bool     `json:"ignore_space" jsonschema_description:"around items, and how much of it is inside"`
	Keep        string   `json:"keep" jsonschema:"enum=first,enum=last"`
}

// DedupeOutput is the items that are left, in their order.
type DedupeOutput struct {
	Items   []string `json:"items"`
	Removed int      `json:"removed"`
}

// Dedupe leaves one of each group of equal items.
func Dedupe(_ context.Context, in DedupeInput) (DedupeOutput, error) {
	if err := field.OneOf("keep", in.Keep, "first", "last"); err != nil {
		return DedupeOutput{}, err
	}
	if err := field.AtMost("items", len(in.Items), maxItems, "items"); err != nil {
		return DedupeOutput{}, err
	}
	items := slices.Clone(in.Items)
	if in.Keep == "last" {
		slices.Reverse(items)
	}
	seen := make(map[string]bool, len(items))
	out := DedupeOutput{Items: []string{}}
	for _, item := range items {
		key := item
		if in.IgnoreCase {
			key = fold(key)
		}
		if in.IgnoreSpace {
			key = strings.Join(strings.Fields(key), " ")
		}
		if !seen[key] {
			seen[key] = true
			out.Items = append(out.Items, item)
		}
	}
	if in.Keep == "last" {
		slices.Reverse(out.Items)
	}
	out.Removed = len(items) - len(out.Items)
	return out, nil
}
