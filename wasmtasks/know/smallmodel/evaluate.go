package smallmodel

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// EvaluateInput is examples to hold the model that is mounted as "model" against.
type EvaluateInput struct {
	Examples  []Example `json:"examples,omitempty" jsonschema:"maxItems=200000" jsonschema_description:"or none, and a blob examples"`
	Threshold *float64  `json:"threshold,omitempty" jsonschema:"minimum=0,maximum=1" jsonschema_description:"in place of the model's own"`
	Confused  int       `json:"confused,omitempty" jsonschema:"minimum=0,maximum=1000" jsonschema_description:"how many pairs of confused labels to tell"`
}

// EvaluateOutput is how the model does. An example whose label the model does
// not have, or has for what is out of scope, is out of scope: it is right to
// abstain from it.
type EvaluateOutput struct {
	Examples   int     `json:"examples"`
	OutOfScope int     `json:"out_of_scope"`
	Threshold  float64 `json:"threshold"`
	Accepted   int     `json:"accepted"`
	Right      int     `json:"right" jsonschema_description:"accepted with the right label"`
	// OutOfScopeAccepted should not have been.
	OutOfScopeAccepted int     `json:"out_of_scope_accepted"`
	Coverage           float64 `json:"coverage" jsonschema_description:"accepted of examples"`
	Precision          float64 `json:"precision" jsonschema_description:"right of accepted"`
	Accuracy           float64 `json:"accuracy" jsonschema_description:"share of examples in scope whose label is the first"`
	// CalibrationError is the mean distance of confidence and share of right labels
	// over ten ranges of confidence, weighted by how many examples are in them.
	CalibrationError float64   `json:"calibration_error" jsonschema_description:"mean distance of confidence and share of right labels, in ten ranges of confidence"`
	Confused         []Confuse `json:"confused,omitempty"`
}

// Confuse counts how often one label was taken for another and accepted.
type Confuse struct {
	Label string `json:"label"`
	As    string `json:"as"`
	Count int    `json:"count"`
}

// Evaluate counts what a model gets right.
func Evaluate(ctx context.Context, in EvaluateInput) (EvaluateOutput, error) {
	if err := field.Between("confused", in.Confused, 0, 1000); err != nil {
		return EvaluateOutput{}, err
	}
	if err := checkThreshold(in.Threshold); err != nil {
		return EvaluateOutput{}, err
	}
	examples, err := gather(ctx, "examples", in.Examples)
	if err != nil {
		return EvaluateOutput{}, err
	}
	if len(examples) == 0 {
		return EvaluateOutput{}, field.Errorf("examples", "are needed, here or as a blob")
	}
	m, done, err := mounted(ctx)
	if err != nil {
		return EvaluateOutput{}, err
	}
	defer done()
	t := tally{confused: map[Confuse]int{}}
	for _, x := range examples {
		p, err := m.probabilities(x.Text)
		if err != nil {
			return EvaluateOutput{}, err
		}
		o := m.choose(p, in.Threshold, 0)
		_, known := slices.BinarySearch(m.Labels, x.Label)
		t.add(x.Label, known && x.Label != m.OutOfScope, &o)
	}
	return t.sum(in.Confused), nil
}

// tally counts.
type tally struct {
	out      EvaluateOutput
	first    int // examples in scope whose label is the first
	bins     [10]struct{ n, right, confidence float64 }
	confused map[Confuse]int
}

func (t *tally) add(label string, inScope bool, o *ClassifyOutput) {
	t.out.Examples++
	t.out.Threshold = o.Threshold
	right := inScope && label == o.Label
	bin := &t.bins[min(int(o.Confidence*10), 9)]
	bin.n++
	bin.confidence += o.Confidence
	if right {
		t.first++
		bin.right++
	}
	if !inScope {
		t.out.OutOfScope++
	}
	if !o.Accepted {
		return
	}
	t.out.Accepted++
	switch {
	case right:
		t.out.Right++
		return
	case !inScope:
		t.out.OutOfScopeAccepted++
	}
	t.confused[Confuse{Label: label, As: o.Label}]++
}

func (t *tally) sum(confused int) EvaluateOutput {
	o := t.out
	n := float64(o.Examples)
	o.Coverage = round(float64(o.Accepted) / n)
	o.Precision = round(float64(o.Right) / float64(max(o.Accepted, 1)))
	o.Accuracy = round(float64(t.first) / float64(max(o.Examples-o.OutOfScope, 1)))
	off := 0.0
	for _, b := range t.bins {
		off += math.Abs(b.confidence - b.right)
	}
	o.CalibrationError = round(off / n)
	for c, count := range t.confused {
		o.Confused = append(o.Confused, Confuse{c.Label, c.As, count})
	}
	slices.SortFunc(o.Confused, func(a, b Confuse) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Label, b.Label), cmp.Compare(a.As, b.As))
	})
	o.Confused = o.Confused[:min(confused, len(o.Confused))]
	return o
}

// InspectOutput is a model's header without its weights.
type InspectOutput struct {
	Labels      []string `json:"labels"`
	OutOfScope  string   `json:"out_of_scope,omitempty"`
	Buckets     int      `json:"buckets"`
	Temperature float64  `json:"temperature"`
	Threshold   float64  `json:"threshold"`
	Report      Report   `json:"report"`
}

// Inspect tells what the model that is mounted as "model" says of itself.
func Inspect(ctx context.Context, _ struct{}) (InspectOutput, error) {
	m, done, err := mounted(ctx)
	if err != nil {
		return InspectOutput{}, err
	}
	defer done()
	return InspectOutput{m.Labels, m.OutOfScope, 1 << m.Bits, m.Temperature, m.Threshold, m.Report}, nil
}
