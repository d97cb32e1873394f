package local

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora/plan"
)

// BenchmarkSmallGraphs runs graphs that differ in their input, on all processors:
// checked, stored, run through the warm sandbox, and their result. cpu-us/op is the
// processor's time for one, of all threads, and graphs/s what two processors do at
// that. known is a graph whose results are known.
func BenchmarkSmallGraphs(b *testing.B) {
	l, err := Open(b.Context(), Options{CacheDir: sandboxtest.CodeCache(filepath.Join(b.TempDir(), "compiled"))})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close(context.WithoutCancel(b.Context()))
	var n atomic.Int64
	run := func(b *testing.B, task, input string) {
		g := &contracts.TaskGraph{
			SchemaVersion: contracts.Version, GraphVersion: "bench/1", GraphID: uuid.NewString(), RequestID: uuid.NewString(), TenantID: "local",
			CreatedAt: contracts.Time{Time: time.Unix(1, 0)}, WorkUnits: []contracts.WorkUnit{{
				ID: "a", Type: contracts.Deterministic, Program: &contracts.Program{Task: task}, Input: contracts.JSON(input),
			}}, Outputs: contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: "a"}}},
		}
		res, err := l.Backend.Execute(b.Context(), g, contracts.ExecutionContext{}, nil)
		if err != nil || res.Metadata.State != contracts.SessionCompleted {
			b.Fatal(res, err)
		}
	}
	for _, c := range []struct {
		name string
		once func(b *testing.B)
	}{
		{"noop", func(b *testing.B) { run(b, "bench/noop@1", fmt.Sprintf(`{"n":%d}`, n.Add(1))) }},
		{"sum", func(b *testing.B) {
			run(b, "num/eval@1", fmt.Sprintf(`{"digits":10,"expression":"%d + 17","rounding":"half_even"}`, n.Add(1)))
		}},
		{"known", func(b *testing.B) { run(b, "num/eval@1", `{"digits":10,"expression":"4 + 17","rounding":"half_even"}`) }},
		{"message", func(b *testing.B) {
			m := fmt.Sprintf("what is %d plus 17", n.Add(1))
			r, err := l.Ask(b.Context(), plan.Request{Message: m, Now: time.Unix(1, 0), Locale: "en-US"}, nil)
			if err != nil || r.Error != nil {
				b.Fatal(r, err)
			}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.once(b)
			began := processTime()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					c.once(b)
				}
			})
			if took := processTime() - began; took > 0 {
				each := float64(took.Nanoseconds()) / 1e3 / float64(b.N)
				b.ReportMetric(each, "cpu-us/op")
				b.ReportMetric(2e6/each, "graphs/s")
			}
		})
	}
}
