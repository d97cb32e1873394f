package sdk_test

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/krako-labs/krako/internal/sandbox"
)

// The bar is 60 µs of processor time for a Go unit that decodes and encodes
// JSON, with its whole state reset. Other work on the machine shows in ns/op,
// hardly in cpu-ns/op.
func BenchmarkUnit(b *testing.B) {
	for _, p := range []struct{ abi, flag string }{{"reactor", asReactor}, {"command", "-tags=krako_command"}} {
		b.Run(p.abi, func(b *testing.B) {
			benchmarkUnit(b, admit(b, build(b, "guest", p.flag), sandbox.EngineCompiler))
		})
	}
}

func benchmarkUnit(b *testing.B, g guest) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	unit := func() sandbox.Outcome {
		o := g.run(b, "sum", `{"name":"bench","values":[1,2,3,4]}`, nil)
		if o.Code != "" {
			b.Fatal(o.Code, o.Detail)
		}
		return o
	}
	for range 100 { // until pages and caches are what they stay
		unit()
	}
	began := threadTime(b)
	for b.Loop() {
		unit()
	}
	b.ReportMetric(float64(threadTime(b)-began)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(unit().FuelUsed), "fuel/op")
}

func threadTime(b *testing.B) int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		b.Fatal(err)
	}
	return ts.Nano()
}
