package plan

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkMake is planning without a model: our own evaluation sets, which mostly
// are answered, and the public ones beside the repository, which mostly are not.
// p50-us and p99-us are of the single messages, in time of the processor where the
// system tells it, else by the clock.
func BenchmarkMake(b *testing.B) {
	b.Run("own", func(b *testing.B) { benchmark(b, ownMessages(b)) })
	for _, set := range []struct {
		name string
		read func(testing.TB) []string
	}{{"banking77", bankingMessages}, {"clinc150", clincMessages}, {"bbh", puzzleMessages}} {
		b.Run(set.name, func(b *testing.B) { benchmark(b, set.read(b)) })
	}
	b.Run("hostile", func(b *testing.B) {
		benchmark(b, []string{
			strings.Repeat("1 and ", 1000) + "1", strings.Repeat("what is 1 + 1 and ", 250) + "foo", "what is " + strings.Repeat("1 + ", 1000) + "1 in foo",
			strings.Repeat("( ", 1500), strings.Repeat("one hundred and ", 500) + "one", strings.Repeat("convert 10 kg to lb and 3 m to ft then ", 150),
			strings.Repeat("wht is te averge of 1, 2 and 3? ", 180), strings.Repeat("x", 1_000_000),
		})
	})
}

func benchmark(b *testing.B, messages []string) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	took := make([]time.Duration, 0, b.N+len(messages))
	n := 0
	for b.Loop() {
		r := request(messages[n%len(messages)])
		r.Models = ModelNever
		began := threadTime()
		Make(r)
		took = append(took, threadTime()-began)
		n++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "p99-us")
}

func ownMessages(b testing.TB) []string {
	var all []string
	for _, name := range []string{"dev", "test", "near"} {
		for line := range strings.Lines(string(file(b, "../eval/sets/"+name+".jsonl"))) {
			var it struct{ Message string }
			if err := json.Unmarshal([]byte(line), &it); err != nil {
				b.Fatal(err)
			}
			all = append(all, it.Message)
		}
	}
	return all
}

func bankingMessages(b testing.TB) []string {
	rows, err := csv.NewReader(bytes.NewReader(file(b, data+"/banking77/train.csv"))).ReadAll()
	if err != nil {
		b.Fatal(err)
	}
	var all []string
	for _, r := range rows {
		all = append(all, r[0])
	}
	return all
}

func clincMessages(b testing.TB) []string {
	var set map[string][][2]string
	if err := json.Unmarshal(file(b, data+"/clinc150/data_oos_plus_train_val.json"), &set); err != nil {
		b.Fatal(err)
	}
	var all []string
	for _, m := range set["val"] {
		all = append(all, m[0])
	}
	return all
}

func puzzleMessages(b testing.TB) []string {
	names, err := filepath.Glob(data + "/bbh/*.json")
	if err != nil || len(names) == 0 {
		b.Skip("the public data sets are not beside the repository")
	}
	var all []string
	for _, name := range names {
		var set struct{ Examples []struct{ Input string } }
		if err := json.Unmarshal(file(b, name), &set); err != nil {
			b.Fatal(err)
		}
		for _, e := range set.Examples {
			all = append(all, e.Input)
		}
	}
	return all
}

const data = "../../../shared/data"

func file(b testing.TB, name string) []byte {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		b.Skip("the public data sets are not beside the repository")
	}
	if err != nil {
		b.Fatal(err)
	}
	return text
}
