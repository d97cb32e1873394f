package sandbox_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
)

// stateful is a reactor whose krako_run returns everything a unit could leave
// behind: a counter in a global and one in memory, each raised by one. Both
// start at 7, which _initialize sets.
func stateful(extra ...byte) *wasmModule {
	w := newWasm()
	w.globals = append(w.globals, cat([]byte(i32), []byte{1, opI32Const, 0, opEnd}))
	w.fn("krako_alloc", i32, i32, 0, cat(extra, []byte{opI32Const}, sleb(1024))...)
	w.fn("krako_run", i32+i32, i64, 0, cat(
		[]byte{opGlobalGet, 0, opI32Const, 1, opI32Add, opGlobalSet, 0,
			opI32Const, 8, opI32Const, 8, opI32Load, 2, 0, opI32Const, 1, opI32Add, opI32Store, 2, 0,
			opI32Const, 12, opGlobalGet, 0, opI32Store, 2, 0,
			opI64Const}, sleb(8<<32|8))...)
	w.fn("_initialize", "", "", 0, opI32Const, 7, opGlobalSet, 0, opI32Const, 8, opI32Const, 7, opI32Store, 2, 0)
	return w
}

func TestUnitsStartAlike(t *testing.T) {
	addresses := map[string]cid.Cid{} // of snapshots, the same on both engines
	grow := []byte{opI32Const, 1, opMemoryGrow, 0, opDrop}
	hidden := stateful()
	hidden.globals = append(hidden.globals, []byte{0x70, 1, 0xd0, 0x70, opEnd}) // a mutable reference
	for name, wasm := range map[string][]byte{
		"kept":         stateful().bytes(),
		"dropped":      stateful(grow...).bytes(),
		"hidden state": hidden.bytes(),
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range []*sandbox.Sandbox{newSandbox(t, sandbox.Config{}), newSandbox(t, sandbox.Config{Engine: sandbox.EngineInterpreter})} {
				m := admit(t, s, wasm)
				if again := m.Snapshot(); addresses[name].Defined() && addresses[name] != again {
					t.Errorf("snapshot %v, %v before", again, addresses[name])
				}
				addresses[name] = m.Snapshot()
				first := run(t, s, job(m, "", ""))
				wantCode(t, first, "")
				if string(first.Output) != "\x08\x00\x00\x00\x08\x00\x00\x00" {
					t.Fatalf("output = %x", first.Output)
				}
				for range 3 {
					if d := cmp.Diff(first, run(t, s, job(m, "", ""))); d != "" {
						t.Fatalf("a later unit differs: %s", d)
					}
				}
			}
		})
	}
}

// TestCommandsStartAlike is the same for commands, which have no snapshot to go
// back to: _start writes a counter in a global and one in memory, then raises
// both.
func TestCommandsStartAlike(t *testing.T) {
	w := newWasm()
	write := w.importFunc("wasi_snapshot_preview1", "fd_write", i32+i32+i32+i32, i32)
	w.globals = append(w.globals, cat([]byte(i32), []byte{1, opI32Const, 5, opEnd}))
	w.fn("_start", "", "", 0,
		opI32Const, 12, opGlobalGet, 0, opI32Store, 2, 0,
		opI32Const, 0, opI32Const, 8, opI32Store, 2, 0, opI32Const, 4, opI32Const, 8, opI32Store, 2, 0,
		opI32Const, 1, opI32Const, 0, opI32Const, 1, opI32Const, 16, opCall, write, opDrop,
		opGlobalGet, 0, opI32Const, 1, opI32Add, opGlobalSet, 0,
		opI32Const, 8, opI32Const, 8, opI32Load, 2, 0, opI32Const, 1, opI32Add, opI32Store, 2, 0)
	s := newSandbox(t, sandbox.Config{})
	m := admit(t, s, w.bytes())
	for range 3 {
		if o := run(t, s, job(m, "", "")); string(o.Output) != "\x00\x00\x00\x00\x05\x00\x00\x00" {
			t.Fatalf("output = %x", o.Output)
		}
	}
}

// TestNoUnitSeesAnother runs units that fill memory with a secret and units
// that look for one, in one pool, at the same time.
func TestNoUnitSeesAnother(t *testing.T) {
	s := newSandbox(t, sandbox.Config{PoolSize: 2})
	m := admit(t, s, reactor(t))
	want := map[string]sandbox.Outcome{}
	for i := range 8 {
		input := fmt.Sprintf(`{"name":%q,"values":[%d]}`, strings.Repeat("s", i*1000), i)
		want[input] = run(t, s, job(m, "sum", input))
	}
	wantState := run(t, s, job(m, "state", `{}`))
	var wg sync.WaitGroup
	for input := range want {
		wg.Go(func() {
			for range 20 {
				o, err := s.Run(context.Background(), job(m, "sum", input))
				if d := cmp.Diff(want[input], o); d != "" || err != nil {
					t.Errorf("%v, %s", err, d)
				}
				o, err = s.Run(context.Background(), job(m, "state", `{}`))
				if d := cmp.Diff(wantState, o); d != "" || err != nil {
					t.Errorf("%v, %s", err, d)
				}
			}
		})
	}
	wg.Wait()
}

// TestInstancesGoBackToTheirSnapshot looks at all the memory and the globals of
// the instance that each of many units leaves, however its pages are found.
func TestInstancesGoBackToTheirSnapshot(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for way, use := range sandbox.ResetWays(t) {
		t.Run(way, func(t *testing.T) {
			s := newSandbox(t, sandbox.Config{PoolSize: 1})
			use(s)
			goes, c := admit(t, s, reactor(t)), admit(t, s, sumC(t))
			for range 60 {
				j := job(goes, []string{"sum", "sum", "sum", "state", "blob", "unknown"}[rng.IntN(6)],
					fmt.Sprintf(`{"name":%q,"values":[%d]}`, strings.Repeat("s", 1<<rng.IntN(17)), rng.IntN(9)))
				if rng.IntN(4) == 0 {
					j = job(c, "sum", `{"values":[1,2]}`)
				}
				j.Blobs = map[string][]byte{"s": bytes.Repeat([]byte("b"), 1<<rng.IntN(20))}
				o := run(t, s, j)
				if away := j.Module.Astray(); len(away) > 0 {
					t.Fatalf("%q of %d bytes (%q) left other %v behind", j.Entry, len(j.Input), o.Code, away)
				}
			}
		})
	}
}

func TestFailedGuestsAreNotReused(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	m := admit(t, s, reactor(t))
	good := run(t, s, job(m, "state", `{}`))
	for _, entry := range []string{"exit", "panic", "wild", "unknown"} {
		_ = run(t, s, job(m, entry, `{}`))
		if d := cmp.Diff(good, run(t, s, job(m, "state", `{}`))); d != "" {
			t.Errorf("after %s: %s", entry, d)
		}
	}
}

func TestLargeJobsGetTheirMemory(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	w := command(cat([]byte{opI32Const}, sleb(2000), []byte{opMemoryGrow, 0, opI32Const, 0x7f, opI32Sub, opIf, blockVoid, opElse, opUnreachable, opEnd})...)
	j := job(admit(t, s, w.bytes()), "", "")
	j.MemoryPages = 2001
	if o := run(t, s, j); o.Code != "" || o.MemoryPages != 2001 {
		t.Errorf("%d pages, %s %s", o.MemoryPages, o.Code, o.Detail)
	}
}

func TestWarmAndCool(t *testing.T) {
	s := newSandbox(t, sandbox.Config{PoolSize: 3})
	hidden := stateful()
	hidden.globals = append(hidden.globals, []byte{0x70, 1, 0xd0, 0x70, opEnd}) // a mutable reference
	for name, c := range map[string]struct {
		wasm []byte
		idle int
	}{"pooled": {stateful().bytes(), 3}, "used once": {hidden.bytes(), 0}} {
		t.Run(name, func(t *testing.T) {
			m := admit(t, s, c.wasm)
			want := run(t, s, job(m, "", ""))
			for range 2 {
				if err := m.Warm(context.Background()); err != nil || m.Idle() != c.idle {
					t.Fatalf("%d instances are idle, want %d: %v", m.Idle(), c.idle, err)
				}
			}
			if d := cmp.Diff(want, run(t, s, job(m, "", ""))); d != "" {
				t.Errorf("a unit of a warm instance differs: %s", d)
			}
			if m.Cool(); m.Idle() != 0 {
				t.Errorf("%d instances are idle once cool", m.Idle())
			}
			if d := cmp.Diff(want, run(t, s, job(m, "", ""))); d != "" {
				t.Errorf("a unit after cooling differs: %s", d)
			}
		})
	}
}

// A guest whose entry returns an error has ended as well as one that returns an
// output: it is reset and kept.
func TestAnErrorIsNoReasonForANewInstance(t *testing.T) {
	failing := newWasm()
	failing.globals = append(failing.globals, cat([]byte(i32), []byte{1, opI32Const, 0, opEnd}))
	failing.fn("krako_alloc", i32, i32, 0, cat([]byte{opI32Const}, sleb(1024))...)
	failing.fn("krako_run", i32+i32, i64, 0, cat(
		[]byte{opGlobalGet, 0, opI32Const, 1, opI32Add, opGlobalSet, 0,
			opI32Const, 12, opGlobalGet, 0, opI32Store, 2, 0,
			opI64Const}, sleb(-1<<63|12<<32|4))...)
	s := newSandbox(t, sandbox.Config{})
	m := admit(t, s, failing.bytes())
	for n := range 3 {
		o := run(t, s, job(m, "", ""))
		wantCode(t, o, contracts.CodeExitNonzero)
		if o.Detail != "\x01\x00\x00\x00" {
			t.Errorf("run %d: detail %q tells of the run before", n, o.Detail)
		}
		if m.Idle() != 1 {
			t.Errorf("run %d: %d instances are kept", n, m.Idle())
		}
	}
}
