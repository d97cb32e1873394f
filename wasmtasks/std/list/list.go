// Package list compares and counts items. The package promises to keep the order
// in which they come.
package list

import (
	"context"
	"slices"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

const maxItems = 100_000

// SetInput is two lists, taken as sets.
type SetInput struct {
	A          []string `json:"a" jsonschema:"maxItems=100000"`
	B          []string `json:"b" jsonschema:"maxItems=100000"`
	Do         string   `json:"do" jsonschema:"enum=union,enum=intersection,enum=difference,enum=symmetric_difference" jsonschema_description:"difference: of a what is not in b"`
	IgnoreCase bool     `json:"ignore_case,omitempty"`
}

// SetOutput is the items that came out, each once, in the order of a and then b.
type SetOutput struct {
	Items    []string `json:"items"`
	Count    int      `json:"count"`
	Subset   bool     `json:"subset" jsonschema_description:"whether all of a is in b"`
	Disjoint bool     `json:"disjoint" jsonschema_description:"whether nothing of a is in b"`
}

// Set combines two lists as sets.
func Set(_ context.Context, in SetInput) (SetOutput, error) {
	if err := field.AtMost("a", len(in.A), maxItems, "items"); err != nil {
		return SetOutput{}, err
	}
	if err := field.AtMost("b", len(in.B), maxItems, "items"); err != nil {
		return SetOutput{}, err
	}
	if err := field.OneOf("do", in.Do, "union", "intersection", "difference", "symmetric_difference"); err != nil {
		return SetOutput{}, err
	}
	a, b := in.keys(in.A), in.keys(in.B)
	out := SetOutput{Items: []string{}, Subset: true, Disjoint: true}
	seen := map[string]bool{}
	for i, item := range slices.Concat(in.A, in.B) {
		k := in.key(item)
		if i < len(in.A) {
			out.Subset = out.Subset && b[k]
			out.Disjoint = out.Disjoint && !b[k]
		}
		if !seen[k] && in.wanted(a[k], b[k]) {
			out.Items = append(out.Items, item)
		}
		seen[k] = true
	}
	out.Count = len(out.Items)
	return out, nil
}

func (in SetInput) wanted(a, b bool) bool {
	switch in.Do {
	case "union":
		return true
	case "intersection":
		return a && b
	case "difference":
		return a && !b
	}
	return a != b
}

func (in SetInput) key(item string) string {
	if in.IgnoreCase {
		return strings.ToLower(item)
	}
	return item
}

func (in SetInput) keys(items []string) map[string]bool {
	keys := make(map[string]bool, len(items))
	for _, item := range items {
		keys[in.key(item)] = true
	}
	return keys
}

// CountInput is items to count.
type CountInput struct {
	Items      []string `json:"items" jsonschema:"maxItems=100000"`
	IgnoreCase bool     `json:"ignore_case,omitempty"`
}

// CountOutput is how often each item is there, the most frequent first and equally
// frequent ones in the order they come.
type CountOutput struct {
	Total  int     `json:"total"`
	Unique int     `json:"unique"`
	Counts []Count `json:"counts"`
}

// Count is an item, as it comes first, and how often it is there.
type Count struct {
	Item  string `json:"item"`
	Count int    `json:"count"`
}

// CountItems counts items.
func CountItems(_ context.Context, in CountInput) (CountOutput, error) {
	if err := field.AtMost("items", len(in.Items), maxItems, "items"); err != nil {
		return CountOutput{}, err
	}
	out := CountOutput{Total: len(in.Items), Counts: []Count{}}
	index := map[string]int{}
	for _, item := range in.Items {
		k := SetInput{IgnoreCase: in.IgnoreCase}.key(item)
		i, ok := index[k]
		if !ok {
			i = len(out.Counts)
			index[k], out.Counts = i, append(out.Counts, Count{Item: item})
		}
		out.Counts[i].Count++
	}
	out.Unique = len(out.Counts)
	slices.SortStableFunc(out.Counts, func(a, b Count) int { return b.Count - a.Count })
	return out, nil
}
