package smallmodel

import (
	"cmp"
	"context"
	"slices"
	"unicode/utf8"

	"github.com/krako-labs/krako/wasmtasks/know/elementary"
	"github.com/krako-labs/krako/wasmtasks/know/jsonl"
	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Bounds of a call.
const (
	maxText  = 32 << 10
	maxTexts = 20_000
	maxTop   = 20
)

// ClassifyInput is a text to classify by the model that is mounted as "model".
type ClassifyInput struct {
	Text string `json:"text" jsonschema:"maxLength=32768"`
	// Threshold replaces the model's.
	Threshold *float64 `json:"threshold,omitempty" jsonschema:"minimum=0,maximum=1" jsonschema_description:"in place of the model's own"`
	Top       int      `json:"top,omitempty" jsonschema:"minimum=0,maximum=20" jsonschema_description:"how many labels to tell the probabilities of"`
}

// ClassifyOutput is the most probable label in scope.
type ClassifyOutput struct {
	Label string `json:"label"`
	// Confidence is the label's probability, at the place where conditions of kind
	// confidence_below look for it.
	Confidence float64  `json:"confidence" jsonschema_description:"the label's calibrated probability"`
	Accepted   bool     `json:"accepted" jsonschema_description:"whether the confidence reaches the threshold; if not, the model abstains"`
	Threshold  float64  `json:"threshold"`
	Top        []Scored `json:"top,omitempty" jsonschema_description:"the most probable labels, out of scope among them"`
}

// Scored is a label and its probability.
type Scored struct {
	Label       string  `json:"label"`
	Probability float64 `json:"probability"`
}

// Classify classifies one text.
func Classify(ctx context.Context, in ClassifyInput) (ClassifyOutput, error) {
	if err := field.Between("top", in.Top, 0, maxTop); err != nil {
		return ClassifyOutput{}, err
	}
	if err := checkText("text", in.Text); err != nil {
		return ClassifyOutput{}, err
	}
	if err := checkThreshold(in.Threshold); err != nil {
		return ClassifyOutput{}, err
	}
	m, done, err := mounted(ctx)
	if err != nil {
		return ClassifyOutput{}, err
	}
	defer done()
	p, err := m.probabilities(in.Text)
	if err != nil {
		return ClassifyOutput{}, err
	}
	return m.choose(p, in.Threshold, in.Top), nil
}

// ManyInput is texts to classify by the model that is mounted as "model".
type ManyInput struct {
	Texts     []string `json:"texts,omitempty" jsonschema:"maxItems=20000" jsonschema_description:"or none, and a blob texts"`
	Threshold *float64 `json:"threshold,omitempty" jsonschema:"minimum=0,maximum=1" jsonschema_description:"in place of the model's own"`
}

// ManyOutput has a result for each text, in order.
type ManyOutput struct {
	Threshold float64      `json:"threshold"`
	Accepted  int          `json:"accepted" jsonschema_description:"how many are"`
	Results   []Classified `json:"results"`
}

// Classified is a text's label.
type Classified struct {
	ID         string  `json:"id,omitempty"`
	Label      string  `json:"label"`
	Confidence float64 `json:"confidence"`
	Accepted   bool    `json:"accepted"`
}

// textLine is a line of the blob "texts".
type textLine struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// ClassifyMany classifies texts.
func ClassifyMany(ctx context.Context, in ManyInput) (ManyOutput, error) {
	if err := field.AtMost("texts", len(in.Texts), maxTexts, "texts"); err != nil {
		return ManyOutput{}, err
	}
	if err := checkThreshold(in.Threshold); err != nil {
		return ManyOutput{}, err
	}
	m, done, err := mounted(ctx)
	if err != nil {
		return ManyOutput{}, err
	}
	defer done()
	out := ManyOutput{Threshold: m.Threshold, Results: []Classified{}}
	add := func(at, id, text string) error {
		if err := checkText(at, text); err != nil {
			return err
		}
		p, err := m.probabilities(text)
		if err != nil {
			return err
		}
		o := m.choose(p, in.Threshold, 0)
		out.Threshold = o.Threshold
		out.Results = append(out.Results, Classified{id, o.Label, o.Confidence, o.Accepted})
		if o.Accepted {
			out.Accepted++
		}
		return nil
	}
	for i, text := range in.Texts {
		if err := add(field.Index("texts", i), "", text); err != nil {
			return ManyOutput{}, err
		}
	}
	if in.Texts != nil {
		return out, nil
	}
	texts, err := sdk.OpenBlob(ctx, "texts")
	if err != nil {
		return ManyOutput{}, err
	}
	defer texts.Close()
	err = jsonl.Each(texts, "texts", maxTexts, func(at string, v textLine) error { return add(at, v.ID, v.Text) })
	return out, err
}

// mounted opens the model of the call.
func mounted(ctx context.Context) (m *model, done func() error, err error) {
	blob, err := sdk.OpenBlobAt(ctx, "model")
	if err != nil {
		return nil, nil, err
	}
	m, err = open(blob, blob.Size)
	if err != nil {
		return nil, nil, err
	}
	return m, blob.Close, nil
}

func checkText(name, text string) error {
	if !utf8.ValidString(text) {
		return field.Errorf(name, "is not UTF-8")
	}
	return field.AtMost(name, len(text), maxText, "bytes")
}

func checkThreshold(t *float64) error {
	if t != nil && !(*t >= 0 && *t <= 1) {
		return field.Errorf("threshold", "%g is not in 0–1", *t)
	}
	return nil
}

// probabilities returns the calibrated probabilities of a text's labels.
func (m *model) probabilities(text string) ([]float64, error) {
	logits, err := m.forward(text)
	if err != nil {
		return nil, err
	}
	return softmax(make([]float64, len(logits)), logits, m.Temperature), nil
}

// softmax fills p.
func softmax(p []float64, logits []float32, temperature float64) []float64 {
	top := slices.Max(logits)
	sum := 0.0
	for c, l := range logits {
		p[c] = elementary.Exp(float64(l-top) / temperature)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
	return p
}

// best returns the most probable class in scope; of equals the first.
func (m *Header) best(p []float64) int {
	best := -1
	for c := range p {
		if m.Labels[c] != m.OutOfScope && (best < 0 || p[c] > p[best]) {
			best = c
		}
	}
	return best
}

func (m *model) choose(p []float64, threshold *float64, top int) ClassifyOutput {
	best := m.best(p)
	out := ClassifyOutput{Label: m.Labels[best], Confidence: confidence(p[best]), Threshold: m.Threshold}
	if threshold != nil {
		out.Threshold = *threshold
	}
	out.Accepted = out.Confidence >= out.Threshold
	if top == 0 {
		return out
	}
	for c, label := range m.Labels {
		out.Top = append(out.Top, Scored{label, round(p[c])})
	}
	slices.SortStableFunc(out.Top, func(a, b Scored) int { return cmp.Compare(b.Probability, a.Probability) })
	out.Top = out.Top[:min(top, len(out.Top))]
	return out
}
