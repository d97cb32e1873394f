package rewrite_test

import (
	"compress/gzip"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// kernel is a workload of the overhead benchmark: an export that takes a size.
type kernel struct {
	name, file, export string
	n                  uint64
}

// kernels are some of those of `krako bench sandbox`.
var kernels = []kernel{
	{"c/sha256", "sha256.wasm", "run", 400},
	{"c/matmul", "matmul.wasm", "run", 12},
	{"c/fib", "fib.wasm", "run", 25},
	{"c/sieve", "sieve.wasm", "run", 5},
	{"c/sort", "sort.wasm", "run", 4},
	{"c/nbody", "nbody.wasm", "run", 8000},
	{"c/dot", "dot.wasm", "run", 2000},
	{"go/sha256", goKernels, "sha256", 400},
	{"go/matmul", goKernels, "matmul", 12},
	{"go/fib", goKernels, "fib", 20},
	{"go/json", goKernels, "json", 60},
}

const goKernels = "go"

// benchGuests is where their modules are.
var benchGuests = filepath.Join("..", "sandboxbench")

// BenchmarkOverhead reports what the rewritten builds cost against the module
// as it was: the ratio of the best of all runs, which are interleaved.
func BenchmarkOverhead(b *testing.B) {
	goWasm := readGoKernels(b)
	logTrap, logYield := 0.0, 0.0
	for _, k := range kernels {
		wasm := goWasm
		if k.file != goKernels {
			wasm = readKernel(b, k.file)
		}
		trap, yield := 0.0, 0.0
		b.Run(k.name, func(b *testing.B) { trap, yield = overhead(b, wasm, k) })
		logTrap += math.Log(trap) / float64(len(kernels))
		logYield += math.Log(yield) / float64(len(kernels))
	}
	b.Run("geomean", func(b *testing.B) {
		b.ReportMetric(math.Exp(logTrap), "trap/raw")
		b.ReportMetric(math.Exp(logYield), "yield/raw")
	})
}

func overhead(b *testing.B, wasm []byte, k kernel) (trap, yield float64) {
	e := newEngine(b, wazero.NewRuntimeConfigCompiler())
	opts := rewrite.DefaultOptions()
	opts.Imports = allow(b, wasm)
	builds := [3]*instance{e.start(wasm)}
	for i, yielding := range []bool{false, true} {
		opts.Yield = yielding
		out, _, err := rewrite.Rewrite(wasm, opts)
		if err != nil {
			b.Fatal(err)
		}
		builds[i+1] = e.start(out)
	}
	best := [3]time.Duration{math.MaxInt64, math.MaxInt64, math.MaxInt64}
	for b.Loop() {
		for i, m := range builds {
			begin := time.Now()
			if _, err := m.ExportedFunction(k.export).Call(e.ctx, k.n); err != nil {
				b.Fatal(err)
			}
			best[i] = min(best[i], time.Since(begin))
		}
	}
	trap, yield = float64(best[1])/float64(best[0]), float64(best[2])/float64(best[0])
	b.ReportMetric(trap, "trap/raw")
	b.ReportMetric(yield, "yield/raw")
	return trap, yield
}

func readKernel(t testing.TB, file string) []byte {
	wasm, err := os.ReadFile(filepath.Join(benchGuests, "kernels", file))
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

func readGoKernels(t testing.TB) []byte {
	file, err := os.Open(filepath.Join(benchGuests, "guest", "guest.wasm.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	wasm, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}
