package sandbox_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/krako-labs/krako/internal/sandbox"
)

// The bars, per core of the class the research measured on: a Go JSON unit with
// its reset 60 µs, a C unit 8 µs, a fresh instance from a snapshot 350 µs (Go)
// and 35 µs (C), a Go module from the disk cache 60 ms, an idle Go instance
// 130 KiB. Other work on the machine shows in ns/op, hardly in cpu-ns/op.

// measure runs fn and reports the processor time of its thread.
func measure(b *testing.B, fn func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	measureClock(b, unix.CLOCK_THREAD_CPUTIME_ID, fn)
}

func measureClock(b *testing.B, clock int32, fn func()) {
	now := func() int64 {
		var ts unix.Timespec
		if err := unix.ClockGettime(clock, &ts); err != nil {
			b.Fatal(err)
		}
		return ts.Nano()
	}
	fn() // what is made lazily is made
	b.ReportAllocs()
	start := now()
	for b.Loop() {
		fn()
	}
	b.ReportMetric(float64(now()-start)/float64(b.N), "cpu-ns/op")
}

const benchInput = `{"name":"bench","values":[1,2,3,4]}`

func benchmarkUnit(b *testing.B, cfg sandbox.Config, wasm []byte, entry string) {
	s := newSandbox(b, cfg)
	j := job(admit(b, s, wasm), entry, benchInput)
	measure(b, func() {
		if o, err := s.Run(context.Background(), j); err != nil || o.Code != "" {
			b.Fatal(o, err)
		}
	})
}

func BenchmarkUnitGoReactor(b *testing.B) { benchmarkUnit(b, sandbox.Config{}, reactor(b), "sum") }
func BenchmarkUnitCReactor(b *testing.B)  { benchmarkUnit(b, sandbox.Config{}, sumC(b), "sum") }
func BenchmarkUnitNoop(b *testing.B)      { benchmarkUnit(b, sandbox.Config{}, noop(b), "") }
func BenchmarkUnitGoCommand(b *testing.B) { benchmarkUnit(b, sandbox.Config{}, probe(b), "echo") }

// A negative pool keeps nothing: every unit gets an instance of its own.
func BenchmarkFreshGoReactor(b *testing.B) {
	benchmarkUnit(b, sandbox.Config{PoolSize: -1}, reactor(b), "sum")
}

func BenchmarkFreshCReactor(b *testing.B) {
	benchmarkUnit(b, sandbox.Config{PoolSize: -1}, sumC(b), "sum")
}

// Admission works on several threads, so the whole process is measured.
func benchmarkAdmit(b *testing.B, wasm []byte, keepCode bool) {
	dir := filepath.Join(b.TempDir(), "code")
	measureClock(b, unix.CLOCK_PROCESS_CPUTIME_ID, func() {
		if !keepCode {
			if err := os.RemoveAll(dir); err != nil {
				b.Fatal(err)
			}
		}
		s, err := sandbox.New(context.Background(), sandbox.Config{CacheDir: dir})
		if err != nil {
			b.Fatal(err)
		}
		admit(b, s, wasm)
		if err := s.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkAdmitGoCached(b *testing.B) { benchmarkAdmit(b, reactor(b), true) }
func BenchmarkAdmitGoCold(b *testing.B)   { benchmarkAdmit(b, reactor(b), false) }
func BenchmarkAdmitCCached(b *testing.B)  { benchmarkAdmit(b, sumC(b), true) }
