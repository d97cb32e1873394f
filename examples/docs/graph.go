package docs

import (
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/examples"
)

// MaxShards bounds the index units of a graph.
const MaxShards = 64

// Options is what to ask and how.
type Options struct {
	Question string
	// K is how many sections to quote.
	K int
	// Stemming is none or english.
	Stemming string
	// Precision is what the classifier's threshold is chosen for.
	Precision float64
}

// DefaultOptions asks nothing yet.
func DefaultOptions() Options { return Options{K: 5, Stemming: "english", Precision: 0.9} }

// join is the jq program of the last unit.
const join = `{question: $question, topic: {document: $topic.label, confidence: $topic.confidence, sure: $topic.accepted}, found: $search.total,
	sections: [$search.hits[] | {id, score, of_topic: (.tags.file == $topic.label), quotes: [.quotes[]? | {field, text, start, end}]}]}`

// Graph asks one question. Shards and paragraphs are blocks made by Shards and
// Examples. The answer is {question, topic, found, sections}.
func Graph(r examples.Request, shards []dagcbor.Link, paragraphs dagcbor.Link, o Options) (*contracts.TaskGraph, error) {
	if len(shards) < 1 || len(shards) > MaxShards {
		return nil, fmt.Errorf("%d shards are not 1 to %d", len(shards), MaxShards)
	}
	b := builder{}
	search := b.unit("search", contracts.Retrieval, "retrieval/search@1", map[string]any{
		"query": o.Question, "match": "any", "k": o.K, "quotes": 2, "boosts": map[string]any{"title": 2},
	})
	for i, shard := range shards {
		u := b.unit(fmt.Sprintf("index-%02d", i), contracts.Retrieval, "retrieval/index@1", map[string]any{"stemming": o.Stemming})
		u.Blobs = map[string]dagcbor.Link{"documents": shard}
		examples.Gather(&search, u.ID, string(u.ID))
		b.add(u)
	}
	train := b.unit("train", contracts.SmallModel, "small_model/train@1", map[string]any{"target_precision": o.Precision})
	train.Blobs = map[string]dagcbor.Link{"examples": paragraphs}
	topic := b.unit("topic", contracts.SmallModel, "small_model/classify@1", map[string]any{"text": o.Question})
	examples.Gather(&topic, "train", "model")
	answer := b.unit("answer", contracts.Deterministic, "json/query@1", map[string]any{
		"document": map[string]any{"value": nil}, "query": join, "variables": map[string]any{"question": o.Question},
	})
	for _, from := range []contracts.UnitID{"search", "topic"} {
		answer.Dependencies = append(answer.Dependencies, from)
		answer.Bind = append(answer.Bind, contracts.Bind{From: from, To: "/variables/" + string(from)})
	}
	b.add(train, topic, search, answer)
	if b.err != nil {
		return nil, b.err
	}
	g := r.Graph("example-docs", b.units)
	g.Outputs.Final[0].Select = "/results/0"
	return g, nil
}

// builder gathers units and the first error.
type builder struct {
	units []contracts.WorkUnit
	err   error
}

func (b *builder) unit(id string, kind contracts.UnitType, task string, input any) contracts.WorkUnit {
	u, err := examples.Unit(id, task, input)
	if b.err == nil {
		b.err = err
	}
	u.Type = kind
	return u
}

func (b *builder) add(units ...contracts.WorkUnit) { b.units = append(b.units, units...) }
