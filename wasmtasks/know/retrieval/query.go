package retrieval

import (
	"maps"
	"slices"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Bounds of a search.
const (
	maxQuery  = 4096
	maxTerms  = 64
	maxHits   = 100
	maxQuotes = 10
	maxShards = 1024
)

// SearchInput is what to look for in the indexes that are mounted, whatever the
// names of their blobs.
type SearchInput struct {
	Query string `json:"query" jsonschema:"minLength=1,maxLength=4096" jsonschema_description:"words; documents must have every phrase that stands in \"quotation marks\" as it is"`
	Match string `json:"match" jsonschema:"enum=any,enum=all" jsonschema_description:"whether documents need any of the words or all"`
	K     int    `json:"k" jsonschema:"minimum=1,maximum=100" jsonschema_description:"how many documents to return"`
	// Quotes is how many sentences are quoted of each.
	Quotes int                 `json:"quotes" jsonschema:"minimum=0,maximum=10" jsonschema_description:"how many sentences to quote of each document"`
	Filter map[string][]string `json:"filter,omitempty" jsonschema_description:"values that a tag may have; documents without the tag are left out"`
	Boosts map[string]float64  `json:"boosts,omitempty" jsonschema_description:"what occurrences in a field count, 0 to 100; by default 1"`
	// K1 and B are the parameters of BM25.
	K1 *float64 `json:"k1,omitempty" jsonschema:"minimum=0,maximum=10" jsonschema_description:"how soon more occurrences count less; by default 1.2"`
	B  *float64 `json:"b,omitempty" jsonschema:"minimum=0,maximum=1" jsonschema_description:"how much long texts count less; by default 0.75"`
}

func (in *SearchInput) check() error {
	if err := field.Between("query", len(in.Query), 1, maxQuery); err != nil {
		return err
	}
	if err := field.OneOf("match", in.Match, "any", "all"); err != nil {
		return err
	}
	if err := field.Between("k", in.K, 1, maxHits); err != nil {
		return err
	}
	if err := field.Between("quotes", in.Quotes, 0, maxQuotes); err != nil {
		return err
	}
	if err := field.AtMost("filter", len(in.Filter), maxTags, "tags"); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(in.Boosts)) {
		if b := in.Boosts[name]; !(b >= 0 && b <= 100) {
			return field.Errorf("boosts."+name, "%g is not in 0–100", b)
		}
	}
	if in.K1 != nil && !(*in.K1 >= 0 && *in.K1 <= 10) {
		return field.Errorf("k1", "%g is not in 0–10", *in.K1)
	}
	if in.B != nil && !(*in.B >= 0 && *in.B <= 1) {
		return field.Errorf("b", "%g is not in 0–1", *in.B)
	}
	return nil
}

// query is what a text asks for.
type query struct {
	terms   []string   // each once, in byte order
	phrases [][]string // of two terms or more
	needed  []string   // terms that a document must have, in byte order
}

// parse reads a query. A quotation mark that is not closed holds to the end.
func parse(text, match string, a *analyzer) (query, error) {
	var q query
	all, needed := map[string]bool{}, map[string]bool{}
	for i, part := range strings.Split(text, `"`) {
		var phrase []string
		a.tokens(part, func(t token) { phrase = append(phrase, t.term) })
		for _, term := range phrase {
			all[term] = true
			if i%2 == 1 || match == "all" {
				needed[term] = true
			}
		}
		if i%2 == 1 && len(phrase) > 1 {
			q.phrases = append(q.phrases, phrase)
		}
	}
	q.terms, q.needed = slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(needed))
	if len(q.terms) == 0 {
		return q, field.Errorf("query", "has no word")
	}
	return q, field.AtMost("query", len(q.terms), maxTerms, "different words")
}

// allows reports whether a filter lets tags through.
func allows(filter map[string][]string, tags map[string]string) bool {
	for name, values := range filter {
		value, ok := tags[name]
		if !ok || !slices.Contains(values, value) {
			return false
		}
	}
	return true
}
