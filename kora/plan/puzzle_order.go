package plan

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	orderIntro = regexp.MustCompile(`^The following paragraphs each describe a set of (?:three|five|seven) objects arranged in a fixed order\.$`)
	orderLogic = regexp.MustCompile(`^The statements are logically consistent within each paragraph\.$`)
	orderItems = regexp.MustCompile(`^(?:On an? [\pL -]+, there are|In an? [\pL -]+, there (?:are|were)|An? [\pL -]+ sells) (?:three|five|seven) [\pL ]+: (.+)\.$`)
	ordinalOf  = map[string]int{"": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7}
)

// scale is a way to speak of an order: what first and last are called.
var (
	atEnd    = regexp.MustCompile(`^(.+?) (?:is|are) the (leftmost|rightmost|newest|oldest|cheapest|most expensive)$`)
	finished = regexp.MustCompile(`^(.+?) finished (?:(first|last|second|third|fourth|fifth|sixth|seventh)|(second|third|fourth|fifth|sixth)-to-last)$`)
	nthFrom  = regexp.MustCompile(`^(.+?) is the (second|third|fourth|fifth|sixth) from the (left|right)$`)
	nthMost  = regexp.MustCompile(`^(.+?) (?:is|are) the (second|third|fourth|fifth|sixth)-(newest|oldest|cheapest|most expensive)$`)
	compared = regexp.MustCompile(`^(.+?) (?:is|are|finished) (to the left of|to the right of|newer than|older than|less expensive than|more expensive than|above|below) (.+)$`)
)

// first names the ends that count as the first place.
var first = map[string]bool{"leftmost": true, "oldest": true, "cheapest": true, "left": true}

// earlier names the relations of which the first thing comes before the second.
var earlier = map[string]bool{"to the left of": true, "older than": true, "less expensive than": true, "above": true}

// ordering reads things in a row and what is known of their places.
func ordering(message string) ([]step, bool) {
	text, options, ok := cutOptions(message)
	all := sentences(text)
	if !ok || len(all) < 4 || !orderIntro.MatchString(all[0]) || !orderLogic.MatchString(all[1]) {
		return nil, false
	}
	list := orderItems.FindStringSubmatch(all[2])
	if list == nil {
		return nil, false
	}
	items := enumeration(list[1])
	for i := range items {
		items[i] = bare(items[i])
	}
	rules := []map[string]any{}
	for _, s := range all[3:] {
		r, ok := placeRule(strings.TrimSuffix(s, "."), items)
		if !ok {
			return nil, false
		}
		rules = append(rules, r)
	}
	pick, ok := choose(options, func(o option) (any, bool) {
		r, ok := placeRule(strings.TrimSuffix(o.text, "."), items)
		if !ok || r["kind"] != "at" {
			return nil, false
		}
		return r["item"].(string) + "@" + strconv.Itoa((r["position"].(int)+len(items)+1)%(len(items)+1)), true
	}, `[$d.options[].value] as $all | if .out.orders == 1 then [.out.order | to_entries[] | "\(.value)@\(.key + 1)" | select(. as $v | $all | index($v))] | if length == 1 then .[0] else error("no single place") end else error("the order is not known") end`)
	if !ok {
		return nil, false
	}
	return []step{{task: "logic/order@1", reading: "the order of " + strings.Join(items, ", "), input: map[string]any{"items": items, "rules": rules}}, pick}, true
}

// bare is a thing's name without its article, in lower case at the beginning.
func bare(s string) string {
	for _, article := range []string{"The ", "the ", "A ", "a ", "An ", "an "} {
		if rest, ok := strings.CutPrefix(s, article); ok {
			return rest
		}
	}
	return s
}

// placeRule reads one statement about places. The first place is the leftmost,
// the oldest, the cheapest, and the winner's.
func placeRule(s string, items []string) (map[string]any, bool) {
	at := func(thing string, place int) (map[string]any, bool) {
		item, ok := named(thing, items)
		return map[string]any{"kind": "at", "item": item, "position": place}, ok
	}
	if m := nthFrom.FindStringSubmatch(s); m != nil {
		return at(m[1], fromEnd(ordinalOf[m[2]], first[m[3]]))
	}
	if m := nthMost.FindStringSubmatch(s); m != nil {
		return at(m[1], fromEnd(ordinalOf[m[2]], first[m[3]]))
	}
	if m := atEnd.FindStringSubmatch(s); m != nil {
		return at(m[1], fromEnd(1, first[m[2]]))
	}
	if m := finished.FindStringSubmatch(s); m != nil {
		switch {
		case m[3] != "":
			return at(m[1], -ordinalOf[m[3]])
		case m[2] == "last":
			return at(m[1], -1)
		case m[2] == "first":
			return at(m[1], 1)
		}
		return at(m[1], ordinalOf[m[2]])
	}
	m := compared.FindStringSubmatch(s)
	if m == nil {
		return nil, false
	}
	a, okA := named(m[1], items)
	b, okB := named(m[3], items)
	if !earlier[m[2]] {
		a, b = b, a
	}
	return map[string]any{"kind": "before", "item": a, "other": b}, okA && okB
}

func fromEnd(n int, fromFirst bool) int {
	if fromFirst {
		return n
	}
	return -n
}

func named(thing string, items []string) (string, bool) {
	name := bare(thing)
	for _, item := range items {
		if strings.EqualFold(item, name) {
			return item, true
		}
	}
	return "", false
}
