package retrieval

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/krako-labs/krako/wasmtasks/know/elementary"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// shard is an index in a search.
type shard struct {
	*index
	postings []*record // of the query's terms, nil where there is none
	df       []int
	weights  []float64 // of its fields
	average  []float64 // tokens of its fields in a document, over all shards
	lengths  [][]int   // tokens of a document's fields, read when needed
}

// candidate is a document that has a word of the query.
type candidate struct {
	shard, doc int
	score      float64
	has        int // how many of the needed terms
}

// ranking is the parameters of BM25 and what is known of all shards together.
type ranking struct {
	k1, b  float64
	n      int
	idf    []float64
	needed []bool // whether a document must have the term
	must   int
	shards []*shard
}

// rank scores every document that has a word, shard by shard and term by term in
// byte order, so that sums do not depend on anything else.
func (r *ranking) rank() ([]candidate, error) {
	var all []candidate
	for i, s := range r.shards {
		found := map[int]*candidate{}
		for t, p := range s.postings {
			if p == nil {
				continue
			}
			if err := r.term(s, t, p, func(doc int, score float64) {
				c := found[doc]
				if c == nil {
					c = &candidate{shard: i, doc: doc}
					found[doc] = c
				}
				c.score += score
				if r.needed[t] {
					c.has++
				}
			}); err != nil {
				return nil, err
			}
		}
		for _, doc := range slices.Sorted(maps.Keys(found)) {
			if c := found[doc]; c.has == r.must {
				all = append(all, *c)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	return all, nil
}

// term goes over the postings of a term.
func (r *ranking) term(s *shard, t int, p *record, do func(doc int, score float64)) error {
	doc := 0
	for range s.df[t] {
		doc += p.number(s.Documents)
		if doc >= s.Documents || p.err != nil {
			return field.Errorf(s.name, "has a posting of document %d of %d: %v", doc, s.Documents, p.err)
		}
		lengths, err := s.length(doc)
		if err != nil {
			return err
		}
		tf := 0.0
		for f := range s.Fields {
			n := p.number(math.MaxInt32)
			if n == 0 || s.weights[f] == 0 {
				continue
			}
			long := float64(lengths[f]) / s.average[f]
			tf += float64(s.weights[f] * float64(n) / (1 - r.b + float64(r.b*long)))
		}
		if tf > 0 {
			do(doc, float64(r.idf[t]*tf)/(r.k1+tf))
		}
	}
	if p.err != nil {
		return field.Errorf(s.name, "%v", p.err)
	}
	return nil
}

// length returns how many tokens the fields of a document have.
func (s *shard) length(doc int) ([]int, error) {
	if s.lengths[doc] == nil {
		lengths, err := s.index.length(doc)
		if err != nil {
			return nil, err
		}
		s.lengths[doc] = lengths
	}
	return s.lengths[doc], nil
}

// idf is the weight of a term that is in df of n documents. It is above 0.
func idf(n, df int) float64 {
	return elementary.Log(1 + (float64(n-df)+0.5)/(float64(df)+0.5))
}
