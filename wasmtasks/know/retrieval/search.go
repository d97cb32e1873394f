package retrieval

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// SearchOutput is the best documents, best first.
type SearchOutput struct {
	Total int   `json:"total" jsonschema_description:"documents that match"`
	Hits  []Hit `json:"hits"`
}

// Hit is a document that matches.
type Hit struct {
	ID    string            `json:"id"`
	Index string            `json:"index" jsonschema_description:"blob of the index that it is in"`
	Score float64           `json:"score"`
	Tags  map[string]string `json:"tags,omitempty"`
	// Quotes are its sentences that have most of the query, best first.
	Quotes []Quote `json:"quotes,omitempty"`
}

// Search finds documents. Of equal scores the one in the first index, by name,
// and there the first document comes first.
func Search(ctx context.Context, in SearchInput) (SearchOutput, error) {
	if err := in.check(); err != nil {
		return SearchOutput{}, err
	}
	shards, done, err := openShards(ctx)
	defer done()
	if err != nil {
		return SearchOutput{}, err
	}
	a, err := newAnalyzer(shards[0].Stemming)
	if err != nil {
		return SearchOutput{}, err
	}
	q, err := parse(in.Query, in.Match, a)
	if err != nil {
		return SearchOutput{}, err
	}
	r, err := prepare(&in, &q, shards)
	if err != nil {
		return SearchOutput{}, err
	}
	found, err := r.rank()
	if err != nil {
		return SearchOutput{}, err
	}
	return r.collect(&in, &q, a, found)
}

// openShards opens all blobs, in the order of their names.
func openShards(ctx context.Context) (shards []*shard, done func() error, err error) {
	var open []*sdk.BlobReader
	done = func() (err error) {
		for _, b := range open {
			err = errors.Join(err, b.Close())
		}
		return err
	}
	names, err := sdk.Blobs(ctx)
	if err != nil {
		return nil, done, err
	}
	if len(names) < 1 || len(names) > maxShards {
		return nil, done, field.Errorf("blobs", "%d indexes are mounted, 1 to %d can be searched", len(names), maxShards)
	}
	for _, name := range names {
		b, err := sdk.OpenBlobAt(ctx, name)
		if err != nil {
			return nil, done, err
		}
		open = append(open, b)
		x, err := openIndex(name, b, b.Size)
		if err != nil {
			return nil, done, err
		}
		if len(shards) > 0 && x.Stemming != shards[0].Stemming {
			return nil, done, field.Errorf(name, "is stemmed %q, %s is %q", x.Stemming, shards[0].name, shards[0].Stemming)
		}
		shards = append(shards, &shard{index: x, lengths: make([][]int, x.Documents)})
	}
	return shards, done, nil
}

// prepare gathers what ranking must know of all shards together.
func prepare(in *SearchInput, q *query, shards []*shard) (*ranking, error) {
	r := &ranking{k1: 1.2, b: 0.75, must: len(q.needed), shards: shards, idf: make([]float64, len(q.terms)), needed: make([]bool, len(q.terms))}
	if in.K1 != nil {
		r.k1 = *in.K1
	}
	if in.B != nil {
		r.b = *in.B
	}
	tokens := map[string]int64{}
	for _, s := range shards {
		r.n += s.Documents
		for _, f := range s.Fields {
			tokens[f.Name] += f.Tokens
		}
	}
	for name := range in.Boosts {
		if _, ok := tokens[name]; !ok {
			return nil, field.Errorf("boosts."+name, "is not a field of any index")
		}
	}
	df := make([]int, len(q.terms))
	for _, s := range shards {
		for _, f := range s.Fields {
			weight, ok := in.Boosts[f.Name]
			if !ok {
				weight = 1
			}
			s.weights = append(s.weights, weight)
			s.average = append(s.average, float64(tokens[f.Name])/float64(max(r.n, 1)))
		}
		if err := s.lookUp(q.terms, df); err != nil {
			return nil, err
		}
	}
	for t, term := range q.terms {
		r.idf[t] = idf(r.n, df[t])
		_, r.needed[t] = slices.BinarySearch(q.needed, term)
	}
	return r, nil
}

// lookUp finds the postings of terms and adds in how many documents they are.
func (s *shard) lookUp(terms []string, df []int) error {
	s.postings, s.df = make([]*record, len(terms)), make([]int, len(terms))
	for t, term := range terms {
		rec, err := s.find(term)
		if err != nil {
			return err
		}
		if rec == nil {
			continue
		}
		s.df[t] = rec.number(s.Documents)
		if rec.err != nil {
			return field.Errorf(s.name, "term %q: %v", term, rec.err)
		}
		df[t] += s.df[t]
		s.postings[t] = rec
	}
	return nil
}

// collect drops candidates that filter or phrases exclude and describes the
// first k of the others.
func (r *ranking) collect(in *SearchInput, q *query, a *analyzer, found []candidate) (SearchOutput, error) {
	out := SearchOutput{Hits: []Hit{}}
	for _, c := range found {
		full := len(out.Hits) == in.K
		if full && len(in.Filter) == 0 && len(q.phrases) == 0 {
			out.Total = len(found)
			break
		}
		s := r.shards[c.shard]
		d, err := s.stored(c.doc)
		if err != nil {
			return SearchOutput{}, err
		}
		if !allows(in.Filter, d.tags) || !d.hasAll(q.phrases, a) {
			continue
		}
		out.Total++
		if full {
			continue
		}
		h := Hit{ID: d.id, Index: s.name, Score: math.Floor(float64(c.score*1e6)+0.5) / 1e6, Tags: d.tags}
		if in.Quotes > 0 {
			h.Quotes = d.quotes(q, r.idf, s.weights, a, in.Quotes)
		}
		out.Hits = append(out.Hits, h)
	}
	return out, nil
}
