package smallmodel

import (
	"cmp"
	"context"
	"math/bits"
	"slices"

	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// TrainInput is examples, in the input or as lines of blobs of these names, and
// how to learn from them.
type TrainInput struct {
	Examples   []Example `json:"examples,omitempty" jsonschema:"maxItems=200000" jsonschema_description:"or none, and a blob examples"`
	Validation []Example `json:"validation,omitempty" jsonschema:"maxItems=200000" jsonschema_description:"to calibrate on; or a blob validation; without, every tenth example of a label is held out"`
	// OutOfScopeLabel is that of examples that belong to no other.
	OutOfScopeLabel string `json:"out_of_scope_label,omitempty" jsonschema:"maxLength=128"`
	// OutOfScopeShare is how many of the texts to come will be such.
	OutOfScopeShare float64 `json:"out_of_scope_share,omitempty" jsonschema:"minimum=0,maximum=0.95" jsonschema_description:"share of texts out of scope in use; by default as in the validation examples"`
	TargetPrecision float64 `json:"target_precision" jsonschema:"minimum=0.5,maximum=0.999" jsonschema_description:"what the threshold is chosen for"`
	MaxBytes        int     `json:"max_bytes,omitempty" jsonschema:"minimum=10000,maximum=6000000" jsonschema_description:"of the model; by default 6000000"`
	Epochs          int     `json:"epochs,omitempty" jsonschema:"minimum=1,maximum=50" jsonschema_description:"passes over the examples; by default 5"`
	Rate            float64 `json:"rate,omitempty" jsonschema:"minimum=0.01,maximum=20" jsonschema_description:"how fast to learn at first; by default 3"`
	Seed            uint64  `json:"seed,omitempty" jsonschema:"maximum=9007199254740991" jsonschema_description:"of the order of examples"`
}

const (
	defaultBytes  = 6_000_000
	defaultEpochs = 5
	defaultRate   = 3
	// maxWeights bounds the memory that training takes for weights of 4 bytes, so
	// that it fits the memory of a unit that asks for none in particular.
	maxWeights = 6_500_000
)

func (in *TrainInput) check() error {
	in.MaxBytes, in.Epochs, in.Rate = cmp.Or(in.MaxBytes, defaultBytes), cmp.Or(in.Epochs, defaultEpochs), cmp.Or(in.Rate, defaultRate)
	switch {
	case !(in.TargetPrecision >= 0.5 && in.TargetPrecision <= 0.999):
		return field.Errorf("target_precision", "%g is not in 0.5–0.999", in.TargetPrecision)
	case !(in.OutOfScopeShare >= 0 && in.OutOfScopeShare <= 0.95):
		return field.Errorf("out_of_scope_share", "%g is not in 0–0.95", in.OutOfScopeShare)
	case in.OutOfScopeShare > 0 && in.OutOfScopeLabel == "":
		return field.Errorf("out_of_scope_share", "has no meaning without out_of_scope_label")
	case !(in.Rate >= 0.01 && in.Rate <= 20):
		return field.Errorf("rate", "%g is not in 0.01–20", in.Rate)
	}
	if err := field.Between("max_bytes", in.MaxBytes, 10_000, defaultBytes); err != nil {
		return err
	}
	return field.Between("epochs", in.Epochs, 1, 50)
}

// Train makes a model.
func Train(ctx context.Context, in TrainInput) (sdk.Bytes, error) {
	if err := in.check(); err != nil {
		return sdk.Bytes{}, err
	}
	examples, err := gather(ctx, "examples", in.Examples)
	if err != nil {
		return sdk.Bytes{}, err
	}
	validation, err := gather(ctx, "validation", in.Validation)
	if err != nil {
		return sdk.Bytes{}, err
	}
	shuffle := newShuffler(in.Seed)
	if len(validation) == 0 {
		examples, validation = holdOut(examples, shuffle)
	}
	m, err := train(in, examples, validation, shuffle)
	return sdk.Bytes{MediaType: MediaType, Data: m}, err
}

// holdOut takes every tenth example of each label away.
func holdOut(examples []Example, shuffle *shuffler) (rest, held []Example) {
	shuffle.examples(examples)
	seen := map[string]int{}
	for _, x := range examples {
		if seen[x.Label]++; seen[x.Label]%10 == 0 {
			held = append(held, x)
		} else {
			rest = append(rest, x)
		}
	}
	return rest, held
}

// train makes the bytes of a model.
func train(in TrainInput, examples, validation []Example, shuffle *shuffler) ([]byte, error) {
	h := Header{OutOfScope: in.OutOfScopeLabel, Temperature: 1, Threshold: 1}
	h.Report = Report{Examples: len(examples), Validation: len(validation), Seed: in.Seed, TargetPrecision: in.TargetPrecision}
	var err error
	if h.Labels, err = labels(examples, in.OutOfScopeLabel); err != nil {
		return nil, err
	}
	if len(validation) == 0 {
		return nil, field.Errorf("validation", "is needed: no label has ten examples, of which one could be held out")
	}
	if h.Bits, err = fit(in.MaxBytes, h.Labels, examples); err != nil {
		return nil, err
	}
	t := newTrainer(len(h.Labels), 1<<h.Bits)
	t.learn(encodeAll(examples, h.Labels, h.Bits), in.Epochs, in.Rate, shuffle)
	h.Bias = t.bias
	rows := t.quantise(make([]byte, 0, (4+len(h.Labels))<<h.Bits))
	set, err := h.hold(rows, validation, in.OutOfScopeShare)
	if err != nil {
		return nil, err
	}
	h.calibrate(set, in.TargetPrecision)
	head, err := h.encode()
	return append(head, rows...), err
}

// labels returns the labels of examples in byte order.
func labels(examples []Example, outOfScope string) ([]string, error) {
	set := map[string]bool{}
	for _, x := range examples {
		set[x.Label] = true
	}
	all := make([]string, 0, len(set))
	inScope := 0
	for l := range set {
		all = append(all, l)
		if l != outOfScope {
			inScope++
		}
	}
	slices.Sort(all)
	if inScope < 1 || len(all) < 2 {
		return nil, field.Errorf("examples", "have %d labels, at least 2 are needed, one of them in scope", len(all))
	}
	return all, field.AtMost("examples", len(all), maxLabels, "labels")
}

// fit returns the binary logarithm of how many buckets a model has: as many as
// may be, but no more than the letters of the examples can fill.
func fit(most int, labels []string, examples []Example) (uint, error) {
	letters := 0
	for _, x := range examples {
		letters += len(x.Text)
	}
	head := 1000
	for _, l := range labels {
		head += len(l) + 20 // and its bias
	}
	size := func(n uint) int { return head + (4+len(labels))<<n }
	if size(minBits) > most {
		return 0, field.Errorf("max_bytes", "%d is too little: %d labels need %d", most, len(labels), size(minBits))
	}
	n := uint(minBits)
	for n < maxBits && n <= uint(bits.Len(uint(letters))) && size(n+1) <= most && 8*blocks(len(labels))<<(n+1) <= maxWeights {
		n++
	}
	return n, nil
}
