package smallmodel

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/krako-labs/krako/wasmtasks/sdk"
)

// toy makes n examples of three labels, whose texts have a verb and a thing of the
// label's and words of everybody's.
func toy(n int) []Example {
	things := map[string][]string{"cook": {"boil rice", "fry eggs", "bake bread"}, "travel": {"book a flight", "catch the train", "rent a car"}, "money": {"pay the bill", "save cash", "send coins"}}
	around := []string{"please", "can you", "i want to", "help me", "now", "today", "again", "quickly"}
	var all []Example
	for i := range n {
		label := []string{"cook", "travel", "money"}[i%3]
		text := fmt.Sprint(around[i*7%8], " ", things[label][i/3%3], " ", around[i*5%8])
		all = append(all, Example{text, label})
	}
	return all
}

func oos(n int) (all []Example) {
	for i := range n {
		all = append(all, Example{fmt.Sprintf("the weather on planet %d is %d degrees", i*31%17, i), "other"})
	}
	return all
}

func trained(t testing.TB, in TrainInput) []byte {
	t.Helper()
	if in.TargetPrecision == 0 {
		in.TargetPrecision = 0.9
	}
	out, err := Train(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out.Data
}

func with(model []byte, blobs ...string) context.Context {
	files := fstest.MapFS{"model": {Data: model}}
	for i := 0; i < len(blobs); i += 2 {
		files[blobs[i]] = &fstest.MapFile{Data: []byte(blobs[i+1])}
	}
	return sdk.NewContext(context.Background(), files, nil)
}

func lines(examples []Example) string {
	var b strings.Builder
	for _, x := range examples {
		text, _ := json.Marshal(x)
		b.Write(append(text, '\n'))
	}
	return b.String()
}

func TestTrainedModelClassifies(t *testing.T) {
	all := append(toy(300), oos(60)...)
	model := trained(t, TrainInput{Examples: all, OutOfScopeLabel: "other", OutOfScopeShare: 0.3})
	ctx := with(model)
	for text, want := range map[string]string{"could you fry some eggs": "cook", "where do i catch a train": "travel", "send cash to ada": "money"} {
		out, err := Classify(ctx, ClassifyInput{Text: text, Top: 4})
		if err != nil || out.Label != want || !out.Accepted || out.Confidence < out.Threshold || len(out.Top) != 4 || out.Top[0].Label != want {
			t.Errorf("%s: %+v, %v", text, out, err)
		}
		sum := 0.0
		for _, s := range out.Top {
			sum += s.Probability
		}
		if math.Abs(sum-1) > 1e-5 {
			t.Errorf("%s: probabilities sum up to %g", text, sum)
		}
	}
	for _, text := range []string{"the weather on planet 9 is 7 degrees", ""} {
		if out, err := Classify(ctx, ClassifyInput{Text: text}); err != nil || out.Accepted || out.Label == "other" {
			t.Errorf("%q is accepted: %+v, %v", text, out, err)
		}
	}
	one := 1.0
	if out, err := Classify(ctx, ClassifyInput{Text: "fry eggs", Threshold: &one}); err != nil || out.Accepted {
		t.Errorf("threshold 1 accepts: %+v, %v", out, err)
	}
	zero := 0.0
	if out, err := Classify(ctx, ClassifyInput{Text: "", Threshold: &zero}); err != nil || !out.Accepted {
		t.Errorf("threshold 0 does not accept: %+v, %v", out, err)
	}
	e, err := Evaluate(ctx, EvaluateInput{Examples: append(toy(90), oos(30)...), Confused: 5})
	if err != nil || e.Examples != 120 || e.OutOfScope != 30 || e.OutOfScopeAccepted > 1 || e.Precision < 0.97 || e.Coverage < 0.7 || e.Accuracy < 0.99 {
		t.Errorf("%+v, %v", e, err)
	}
	about, err := Inspect(ctx, struct{}{})
	if err != nil || !slices.Equal(about.Labels, []string{"cook", "money", "other", "travel"}) || about.OutOfScope != "other" || about.Report.Validation != 36 || about.Report.Examples != 324 {
		t.Errorf("%+v, %v", about, err)
	}
}

func TestManyAreClassifiedLikeOne(t *testing.T) {
	model := trained(t, TrainInput{Examples: toy(200)})
	texts := []string{"bake bread", "", "rent a car today"}
	ctx := with(model, "texts", `{"id":"a","text":"bake bread"}`+"\n"+`{"text":""}`+"\n"+`{"id":"c","text":"rent a car today"}`)
	inline, err := ClassifyMany(with(model), ManyInput{Texts: texts})
	blob, errBlob := ClassifyMany(ctx, ManyInput{})
	if err != nil || errBlob != nil || len(inline.Results) != 3 || len(blob.Results) != 3 || inline.Accepted != blob.Accepted {
		t.Fatalf("%+v %v, %+v %v", inline, err, blob, errBlob)
	}
	for i, text := range texts {
		one, err := Classify(with(model), ClassifyInput{Text: text})
		r := blob.Results[i]
		if err != nil || one.Label != r.Label || one.Confidence != r.Confidence || one.Accepted != r.Accepted || inline.Results[i].Confidence != r.Confidence {
			t.Errorf("%q: %+v and %+v, %v", text, one, r, err)
		}
	}
	if blob.Results[0].ID != "a" || blob.Results[2].ID != "c" {
		t.Errorf("%+v", blob.Results)
	}
}

func TestEqualInputsGiveEqualModels(t *testing.T) {
	all := toy(150)
	first := trained(t, TrainInput{Examples: slices.Clone(all), Seed: 7})
	blob, err := Train(sdk.NewContext(context.Background(), fstest.MapFS{"examples": {Data: []byte(lines(all))}}, nil), TrainInput{Seed: 7, TargetPrecision: 0.9})
	if err != nil || !bytes.Equal(first, blob.Data) || blob.MediaType != MediaType {
		t.Errorf("%d and %d bytes differ, %v", len(first), len(blob.Data), err)
	}
	if other := trained(t, TrainInput{Examples: slices.Clone(all), Seed: 8}); bytes.Equal(first, other) {
		t.Error("the seed does not matter")
	}
}

func TestModelFitsWhatIsAllowed(t *testing.T) {
	for _, most := range []int{10_000, 100_000, 6_000_000} {
		if n := len(trained(t, TrainInput{Examples: toy(500), MaxBytes: most})); n > most || n < most/40 {
			t.Errorf("%d bytes, %d are allowed", n, most)
		}
	}
}

func TestFeatures(t *testing.T) {
	x := extractor{bits: 18}
	get := func(text string) []uint32 { return slices.Clone(x.extract(text)) }
	if !slices.Equal(get("Über-Große  KATZEN!"), get("über große katzen")) {
		t.Error("case, signs and spaces count")
	}
	if slices.Equal(get("dog bites man"), get("man bites dog")) {
		t.Error("order does not count")
	}
	if f := get(""); len(f) != 0 || len(get("… !")) != 0 {
		t.Errorf("%d features of nothing", len(f))
	}
	if n := len(get(strings.Repeat("abc def ghi ", 3000))); n > maxFeatures {
		t.Errorf("%d features", n)
	}
	// "_ab_": the word, and the runs _ab ab_, but not _ab_, which is the word.
	if n := len(get("ab")); n != 3 {
		t.Errorf("%d features of ab", n)
	}
}

func TestRefusals(t *testing.T) {
	some := toy(30)
	model := trained(t, TrainInput{Examples: toy(60), MaxBytes: 10_000})
	for want, in := range map[string]TrainInput{
		"target_precision: 0 is not":          {Examples: some},
		"out_of_scope_share: has no meaning":  {Examples: some, TargetPrecision: 0.9, OutOfScopeShare: 0.1},
		"epochs: 51 is not":                   {Examples: some, TargetPrecision: 0.9, Epochs: 51},
		"max_bytes: 9999 is not":              {Examples: some, TargetPrecision: 0.9, MaxBytes: 9999},
		"rate: 0.001 is not":                  {Examples: some, TargetPrecision: 0.9, Rate: 0.001},
		"examples: have 0 labels":             {TargetPrecision: 0.9},
		"examples: have 1 labels":             {Examples: oos(20), TargetPrecision: 0.9},
		"examples[1].label: 0 is not":         {Examples: []Example{{"a", "b"}, {"c", ""}}, TargetPrecision: 0.9},
		"examples[0].text: is not UTF-8":      {Examples: []Example{{"\xff", "b"}}, TargetPrecision: 0.9},
		"validation: is needed":               {Examples: some[:12], TargetPrecision: 0.9},
		"max_bytes: 10000 is too little: 200": {Examples: labelled(200), TargetPrecision: 0.9, MaxBytes: 10_000},
	} {
		if _, err := Train(context.Background(), in); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for want, ctx := range map[string]context.Context{
		`blob "model": not mounted`: context.Background(), "model: is not a model": with([]byte("x")), "model: has weights of": with(model[:len(model)-1]),
		"model: has a header": with(append([]byte(magic), 0xff, 0, 0, 0)),
	} {
		if _, err := Classify(ctx, ClassifyInput{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	two := -0.5
	if _, err := Classify(with(model), ClassifyInput{Threshold: &two}); err == nil || !strings.HasPrefix(err.Error(), "threshold: -0.5") {
		t.Errorf("%v", err)
	}
}

func labelled(n int) (all []Example) {
	for i := range 20 * n {
		all = append(all, Example{fmt.Sprint("word", i), fmt.Sprint("label", i%n)})
	}
	return all
}

// FuzzOpenModel classifies by broken models: they are refused or give a label.
func FuzzOpenModel(f *testing.F) {
	f.Add(trained(f, TrainInput{Examples: toy(30), MaxBytes: 10_000}))
	f.Add([]byte(magic + "\x00\x00\x00\x02{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if out, err := Classify(with(data), ClassifyInput{Text: "boil rice now", Top: 3}); err == nil && out.Label == "" && len(out.Top) == 0 {
			t.Errorf("%+v", out)
		}
	})
}

// BenchmarkClassify is a text of a model of 150 labels, opened once.
func BenchmarkClassify(b *testing.B) {
	data := trained(b, TrainInput{Examples: labelled(150)})
	m, err := open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := m.probabilities("how do i say hello to my mother in french"); err != nil {
			b.Fatal(err)
		}
	}
}
