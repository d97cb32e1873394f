package worker

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/krako-labs/krako/contracts"
)

// processorTime is what this process and its workers have used, in nanoseconds.
func processorTime(b *testing.B, r Runner) (total int64) {
	clocks := []int32{unix.CLOCK_PROCESS_CPUTIME_ID}
	for _, pid := range r.Report().Processes {
		clocks = append(clocks, int32(^pid<<3|2)) // of another process: clock_getcpuclockid(3)
	}
	for _, c := range clocks {
		var ts unix.Timespec
		if err := unix.ClockGettime(c, &ts); err != nil {
			b.Fatal(err)
		}
		total += ts.Nano()
	}
	return total
}

// benchmarkUnits runs units in batches as a node would and reports the processor
// time of all processes for one unit.
func benchmarkUnits(b *testing.B, wasm []byte, size int, change func(*contracts.Invocation)) {
	for _, mode := range []string{"none", "process"} {
		b.Run(mode, func(b *testing.B) {
			var r Runner = newInProcess(b)
			if mode == "process" {
				r = newProcesses(b, nil)
			}
			t := task(admit(b, r, wasm), change)
			batch := make([]Task, size)
			for i := range batch {
				batch[i] = t
			}
			ended := 0
			end := func(_ int, e End) {
				if e.Err == nil && e.Outcome.Code == "" {
					ended++
				}
			}
			r.Run(batch, &larder{}, end)
			ended = 0
			began := processorTime(b, r)
			b.ResetTimer()
			for ended < b.N {
				r.Run(batch[:min(size, b.N-ended)], &larder{}, end)
			}
			b.ReportMetric(float64(processorTime(b, r)-began)/float64(b.N), "cpu-ns/unit")
		})
	}
}

func BenchmarkNoop(b *testing.B) { benchmarkUnits(b, noop(b), maxBatch, input("{}")) }

func BenchmarkNoopAlone(b *testing.B) { benchmarkUnits(b, noop(b), 1, input("{}")) }

func BenchmarkGoJSON(b *testing.B) { benchmarkUnits(b, goReactor(b), maxBatch, sum) }

func BenchmarkGoJSONAlone(b *testing.B) { benchmarkUnits(b, goReactor(b), 1, sum) }

func sum(c *contracts.Invocation) {
	c.Entry, c.Input = "sum", contracts.Payload{Inline: []byte(`{"name":"bench","values":[1,2,3,4]}`)}
	c.MemoryPages = contracts.DefaultMemoryPages
}

// goReactor builds the sandbox's test guest.
func goReactor(b *testing.B) []byte {
	b.Helper()
	out := filepath.Join(b.TempDir(), "reactor.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-buildmode=c-shared", "-o", out, "../testdata/src/reactor")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build guest: %v\n%s", err, text)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		b.Fatal(err)
	}
	return wasm
}

func noop(t testing.TB) []byte {
	t.Helper()
	wasm, err := os.ReadFile("../../../wasmtasks/noop/noop.wasm")
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}
