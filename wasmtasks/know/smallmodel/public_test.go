package smallmodel

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/krako-labs/krako/wasmtasks/sdk"
)

// publicSet reads a file of the public evaluation sets, which are beside the
// project. Their directory is in KRAKO_DATA.
func publicSet(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("KRAKO_DATA")
	if dir == "" {
		t.Skip("KRAKO_DATA does not name the directory of the public evaluation sets")
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Skip(err)
	}
	return b
}

func clinc(t *testing.T) map[string][]Example {
	var sets map[string][][2]string
	if err := json.Unmarshal(publicSet(t, "clinc150/data_oos_plus_train_val.json"), &sets); err != nil {
		t.Fatal(err)
	}
	out := map[string][]Example{}
	for name, rows := range sets {
		for _, r := range rows {
			out[name] = append(out[name], Example{r[0], r[1]})
		}
	}
	return out
}

// halves divides a set into every second example and the rest.
func halves(set []Example) (half [2][]Example) {
	for i, x := range set {
		half[i%2] = append(half[i%2], x)
	}
	return half
}

func join(sets ...[]Example) (all []Example) {
	for _, s := range sets {
		all = append(all, s...)
	}
	return all
}

func evaluate(t *testing.T, model []byte, examples []Example) EvaluateOutput {
	t.Helper()
	ctx := sdk.NewContext(context.Background(), fstest.MapFS{"model": {Data: model}}, nil)
	out, err := Evaluate(ctx, EvaluateInput{Examples: examples})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRouterOnCLINC150 trains on the train split, calibrates on one half of the
// validation split and counts on the other, both ways. Messages out of scope are
// counted as often as in the test split: 1,000 on 4,500 in scope.
func TestRouterOnCLINC150(t *testing.T) {
	sets := clinc(t)
	train := join(sets["train"], sets["oos_train"])
	in, out := halves(sets["val"]), halves(sets["oos_val"])
	var accepted, right, wrongly, first float64
	for i := range 2 {
		model, err := Train(context.Background(), TrainInput{
			Examples: train, Validation: join(in[i], out[i]), OutOfScopeLabel: "oos", OutOfScopeShare: 1000.0 / 5500, TargetPrecision: 0.985,
		})
		if err != nil {
			t.Fatal(err)
		}
		a, b := evaluate(t, model.Data, in[1-i]), evaluate(t, model.Data, out[1-i])
		t.Logf("%d bytes; in scope %+v; out of scope %+v", len(model.Data), a, b)
		if len(model.Data) > 6_000_000 {
			t.Errorf("the model has %d bytes", len(model.Data))
		}
		accepted, right, first = accepted+float64(a.Accepted)*1.5, right+float64(a.Right)*1.5, first+a.Accuracy/2
		wrongly += float64(b.Accepted) * 10
	}
	coverage, precision := (accepted+wrongly)/5500, right/(accepted+wrongly)
	t.Logf("per 5,500 messages: %.1f%% accepted, precision %.4f, %.0f of 1,000 out of scope accepted, accuracy %.3f", 100*coverage, precision, wrongly, first)
	if coverage < 0.59 || precision < 0.975 {
		t.Errorf("%.3f accepted at precision %.4f, the bar is 0.59 at 0.975", coverage, precision)
	}
}

// TestRouterOnBANKING77 has the train split only: seven tenths are learned from,
// the rest is calibrated and counted on, both ways.
func TestRouterOnBANKING77(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(publicSet(t, "banking77/train.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var train, rest []Example
	for i, r := range rows[1:] {
		if x := (Example{r[0], r[1]}); i%10 < 7 {
			train = append(train, x)
		} else {
			rest = append(rest, x)
		}
	}
	half := halves(rest)
	accepted, right := 0, 0
	for i := range 2 {
		model, err := Train(context.Background(), TrainInput{Examples: train, Validation: half[i], TargetPrecision: 0.985})
		if err != nil {
			t.Fatal(err)
		}
		e := evaluate(t, model.Data, half[1-i])
		t.Logf("%d bytes; %+v", len(model.Data), e)
		accepted, right = accepted+e.Accepted, right+e.Right
	}
	coverage, precision := float64(accepted)/float64(len(rest)), float64(right)/float64(accepted)
	t.Logf("%.1f%% accepted, precision %.4f", 100*coverage, precision)
	if coverage < 0.5 || precision < 0.97 {
		t.Errorf("%.3f accepted at precision %.4f", coverage, precision)
	}
}
