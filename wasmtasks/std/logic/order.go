package logic

import (
	"context"
	"slices"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// OrderInput is things in a row and what is known of their places.
type OrderInput struct {
	Items []string `json:"items" jsonschema:"minItems=1,maxItems=9,uniqueItems=true"`
	Rules []Rule   `json:"rules" jsonschema:"maxItems=100"`
}

// Rule is one thing that is known.
type Rule struct {
	Kind     string `json:"kind" jsonschema:"enum=before,enum=next,enum=beside,enum=at,enum=not_at" jsonschema_description:"before: item is somewhere before other; next: directly; beside: directly before or after; at and not_at: the place is, or is not, that of item"`
	Item     string `json:"item"`
	Other    string `json:"other,omitempty"`
	Position int    `json:"position,omitempty" jsonschema:"minimum=-9,maximum=9" jsonschema_description:"from 1 for the first, or from -1 for the last"`
}

// OrderOutput is what follows.
type OrderOutput struct {
	Orders    int        `json:"orders" jsonschema_description:"how many orders fit all rules"`
	Order     []string   `json:"order" jsonschema_description:"the only order that fits, or the first in the order of items; empty if none fits"`
	Positions [][]int    `json:"positions" jsonschema_description:"for each item in turn the places, from 1, that it can have"`
	At        [][]string `json:"at" jsonschema_description:"for each place in turn the items that can be there"`
}

// Order finds all orders that fit the rules.
func Order(_ context.Context, in OrderInput) (OrderOutput, error) {
	if err := field.Between("items", len(in.Items), 1, 9); err != nil {
		return OrderOutput{}, err
	}
	if err := field.AtMost("rules", len(in.Rules), 100, "rules"); err != nil {
		return OrderOutput{}, err
	}
	n := len(in.Items)
	s := &sequence{place: make([]int, n), can: make([][]bool, n)}
	for i, item := range in.Items {
		if slices.Index(in.Items, item) != i {
			return OrderOutput{}, field.Errorf(field.Index("items", i), "%.40q is there twice", item)
		}
		s.can[i] = make([]bool, n)
	}
	for i, r := range in.Rules {
		c, err := in.compile(r, field.Index("rules", i))
		if err != nil {
			return OrderOutput{}, err
		}
		s.rules = append(s.rules, c)
	}
	s.search(0, 0)
	return in.output(s), nil
}

func (in OrderInput) output(s *sequence) OrderOutput {
	out := OrderOutput{Orders: s.found, Order: []string{}, Positions: make([][]int, len(in.Items)), At: make([][]string, len(in.Items))}
	for i, item := range in.Items {
		out.Positions[i] = []int{}
		for place, can := range s.can[i] {
			if can {
				out.Positions[i] = append(out.Positions[i], place+1)
				out.At[place] = append(out.At[place], item)
			}
		}
	}
	for place := range in.Items {
		if out.At[place] == nil {
			out.At[place] = []string{}
		}
		if s.found > 0 {
			out.Order = append(out.Order, in.Items[slices.Index(s.first, place)])
		}
	}
	return out
}

// compiled is a rule on places: whether it holds for the places of two items.
type compiled struct {
	a, b  int
	holds func(a, b int) bool
}

func (in OrderInput) compile(r Rule, name string) (compiled, error) {
	c := compiled{a: slices.Index(in.Items, r.Item)}
	if c.a < 0 {
		return c, field.Errorf(name+".item", "%.40q is none of the items", r.Item)
	}
	switch r.Kind {
	case "at", "not_at":
		c.b = c.a
		place, n := r.Position-1, len(in.Items)
		if r.Position < 0 {
			place = n + r.Position
		}
		if place < 0 || place >= n || r.Other != "" {
			return c, field.Errorf(name+".position", "%d is no place of %d", r.Position, n)
		}
		c.holds = func(a, _ int) bool { return (a == place) == (r.Kind == "at") }
		return c, nil
	case "before":
		c.holds = func(a, b int) bool { return a < b }
	case "next":
		c.holds = func(a, b int) bool { return a+1 == b }
	case "beside":
		c.holds = func(a, b int) bool { return a+1 == b || b+1 == a }
	default:
		return c, field.OneOf(name+".kind", r.Kind, "before", "next", "beside", "at", "not_at")
	}
	if c.b = slices.Index(in.Items, r.Other); c.b < 0 || c.b == c.a {
		return c, field.Errorf(name+".other", "%.40q is none of the other items", r.Other)
	}
	return c, nil
}

// sequence is a search for the places of items, one after the other.
type sequence struct {
	rules []compiled
	place []int
	first []int
	can   [][]bool
	found int
}

// search places item i and all after it; used has a bit for each place taken.
func (s *sequence) search(i int, used uint) {
	if i == len(s.place) {
		if s.found++; s.found == 1 {
			s.first = slices.Clone(s.place)
		}
		for j, p := range s.place {
			s.can[j][p] = true
		}
		return
	}
	for p := range s.place {
		if used>>p&1 == 1 {
			continue
		}
		s.place[i] = p
		if s.fits(i) {
			s.search(i+1, used|1<<p)
		}
	}
}

// fits checks the rules whose last item to be placed is i.
func (s *sequence) fits(i int) bool {
	for _, r := range s.rules {
		if max(r.a, r.b) == i && !r.holds(s.place[r.a], s.place[r.b]) {
			return false
		}
	}
	return true
}
