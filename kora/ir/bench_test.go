package ir_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora/ir"
	"github.com/krako-labs/krako/kora/local"
)

// warm has the tasks compiled, so that the time budgets of a document are about
// its run.
func warm(t testing.TB, l *local.Local) {
	for _, doc := range []string{document("a", det("a", "echo", ``)), document("a", det("a", "text.normalize", `,"in":{"text":"x"}`))} {
		if r := run(t, l, doc, options()); !r.OK {
			t.Fatalf("%+v", r.Error)
		}
	}
}

// BenchmarkExamples is parsing, checking, importing and running upstream's graphs
// through the warm sandbox; no result is used twice. cpu-us/op is the processor's time for one, of all threads,
// where the system tells it.
func BenchmarkExamples(b *testing.B) {
	l, err := local.Open(b.Context(), local.Options{Models: double, Results: -1, CacheDir: sandboxtest.CodeCache(filepath.Join(b.TempDir(), "compiled"))})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close(context.WithoutCancel(b.Context()))
	warm(b, l)
	for _, name := range []string{"hello_kora", "retry_demo", "direct_vs_kora"} {
		doc := []byte(example(b, name+"/graph.json"))
		once := func(b testing.TB) {
			g, err := ir.Decode(doc)
			if err != nil {
				b.Fatal(err)
			}
			o := options()
			o.RequestID = uuid.NewString()
			p, err := ir.Import(g, o)
			if err != nil {
				b.Fatal(err)
			}
			res, err := l.Backend.Execute(b.Context(), p.Graph, contracts.ExecutionContext{}, nil)
			if err != nil || res.Metadata.State != contracts.SessionCompleted {
				b.Fatal(res, err)
			}
		}
		b.Run(name, func(b *testing.B) {
			began := processTime()
			for b.Loop() {
				once(b)
			}
			reportTime(b, began)
		})
		b.Run(name+"/parallel", func(b *testing.B) {
			began := processTime()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					once(b)
				}
			})
			reportTime(b, began)
		})
	}
}

func reportTime(b *testing.B, began time.Duration) {
	if took := processTime() - began; took > 0 {
		b.ReportMetric(float64(took.Microseconds())/float64(b.N), "cpu-us/op")
	}
}
