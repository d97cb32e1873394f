package eval

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora/local"
	"github.com/krako-labs/krako/kora/plan"
)

// data is where public data sets lie that are not part of this repository, beside
// it. Tests that need them are skipped where they are not.
const data = "../../../shared/data"

func dataFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(data, name))
	if err != nil {
		t.Skipf("the public data sets are not beside the repository: %v", err)
	}
	return b
}

// Puzzles of BIG-Bench Hard whose rules are given: all of them are answered
// right, and all others are left alone.
func TestBBH(t *testing.T) {
	dataFile(t, "bbh/boolean_expressions.json")
	files, err := filepath.Glob(filepath.Join(data, "bbh", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	every := 5
	if testing.Short() {
		every = 25
	}
	var items []Item
	for _, f := range files {
		var set struct {
			Examples []struct{ Input, Target string }
		}
		b, err := os.ReadFile(f)
		if err == nil {
			err = json.Unmarshal(b, &set)
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(set.Examples); i += every {
			expect := Answer(set.Examples[i].Target)
			items = append(items, Item{ID: filepath.Base(f), Message: set.Examples[i].Input, Expect: &expect})
		}
	}
	l, err := local.Open(t.Context(), local.Options{CacheDir: sandboxtest.CodeCache(filepath.Join(t.TempDir(), "compiled"))})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(context.WithoutCancel(t.Context()))
	s, err := (&Runner{Engine: l.Engine, Base: plan.Request{Now: time.Unix(1, 0)}}).Run(t.Context(), items, func(d Detail) error {
		if d.Correct != nil && !*d.Correct {
			t.Errorf("%s is answered with %q", d.ID, d.Answer)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if share := float64(s.Answered) / float64(s.Items); share < 0.53 {
		t.Errorf("%.1f %% are answered, want 53: %+v", 100*share, s)
	}
}

// Messages that ask for nothing that can be computed: none is answered.
func TestNothingIsReadIntoMessages(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(string(dataFile(t, "banking77/train.csv")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var messages []string
	for _, r := range rows[1:] {
		messages = append(messages, r[0])
	}
	var clinc map[string][][2]string
	if err := json.Unmarshal(dataFile(t, "clinc150/data_oos_plus_train_val.json"), &clinc); err != nil {
		t.Fatal(err)
	}
	computable := map[string]bool{
		"calculator": true, "measurement_conversion": true, "date": true, "time": true, "spelling": true, "timezone": true,
		"exchange_rate": true, "roll_dice": true, "flip_coin": true,
	}
	for _, split := range []string{"val", "oos_train", "oos_val"} {
		for _, m := range clinc[split] {
			if !computable[m[1]] {
				messages = append(messages, m[0])
			}
		}
	}
	fires := 0
	for _, m := range messages {
		if p := plan.Make(&plan.Request{Message: m, Now: time.Unix(1, 0), Locale: "en-US", Models: plan.ModelNever}); p.Kind != plan.None {
			fires++
			t.Logf("%q: %+v", m, p.Decisions)
		}
	}
	t.Logf("%d of %d messages are answered", fires, len(messages))
	if fires > len(messages)*2/5000 {
		t.Errorf("%d of %d messages are answered", fires, len(messages))
	}
}
