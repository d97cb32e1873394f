package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
)

// TestRunnersAgree compares every part of an outcome that shows in a result.
func TestRunnersAgree(t *testing.T) {
	blocks := &larder{}
	long := blocks.put([]byte(`"` + strings.Repeat("long ", 3<<10) + `"`))
	ends := map[string][]End{}
	eachRunner(t, func(t *testing.T, r Runner) {
		echo := admit(t, r, sandboxtest.Echo())
		tasks := []Task{
			task(echo, input(`"text"`)),
			task(echo, func(c *contracts.Invocation) { c.Input = contracts.Payload{Link: contracts.Link{Cid: long}} }),
			task(admit(t, r, sandboxtest.Zeros(100<<10))),
			task(admit(t, r, sandboxtest.Open("blobs/a")), func(c *contracts.Invocation) {
				c.Blobs = map[string]contracts.Link{"a": {Cid: blocks.put([]byte("alpha"))}}
			}),
			task(admit(t, r, sandboxtest.Trap())),
			task(admit(t, r, sandboxtest.Exit(7))),
			task(admit(t, r, sandboxtest.Recurse())),
			task(admit(t, r, sandboxtest.Bomb())),
			task(admit(t, r, sandboxtest.Flood())),
			task(admit(t, r, sandboxtest.Loop()), func(c *contracts.Invocation) { c.Fuel = 50_000_000 }),
			task(echo, func(c *contracts.Invocation) { c.MemoryPages = 1 }),
		}
		ends[r.Report().Isolation] = run(t, r, blocks, tasks...)
	})
	ignored := []cmp.Option{cmpopts.IgnoreFields(End{}, "Took"), cmpopts.IgnoreFields(sandbox.Outcome{}, "Stderr"), cmpopts.EquateEmpty()}
	if d := cmp.Diff(ends["none"], ends["process"], ignored...); d != "" {
		t.Error(d)
	}
	codes := make([]contracts.Code, 0, len(ends["none"]))
	for _, e := range ends["none"] {
		codes = append(codes, e.Outcome.Code)
	}
	want := []contracts.Code{
		"", "", "", "", contracts.CodeTrap, contracts.CodeExitNonzero, contracts.CodeStackOverflow,
		contracts.CodeOutOfMemory, contracts.CodeBadOutput, contracts.CodeOutOfFuel, contracts.CodeOutOfMemory,
	}
	if d := cmp.Diff(want, codes); d != "" {
		t.Error(d)
	}
}

func TestBadModulesAreRefused(t *testing.T) {
	eachRunner(t, func(t *testing.T, r Runner) {
		for _, wasm := range [][]byte{nil, []byte("no wasm"), sandboxtest.Loop()[:50], make([]byte, 8<<20+1)} {
			err := r.Admit(context.Background(), dagcbor.RawCID(wasm), wasm)
			e, ok := errors.AsType[*contracts.Error](err)
			if !ok || e.Code != contracts.CodeValidation || e.Offender == "" {
				t.Errorf("%d bytes: %v", len(wasm), err)
			}
		}
	})
}

func TestModulesMustBeAdmitted(t *testing.T) {
	eachRunner(t, func(t *testing.T, r Runner) {
		e := run(t, r, &larder{}, task(dagcbor.RawCID(sandboxtest.Echo())))[0]
		if !errors.Is(e.Err, ErrNotAdmitted) {
			t.Errorf("ended with %v", e.Err)
		}
	})
}

// TestPrunedCodeIsMadeAgain removes compiled code behind the runner's back.
func TestPrunedCodeIsMadeAgain(t *testing.T) {
	for name, mine := range map[string]func(path string) bool{
		"all":         func(string) bool { return true },
		"native code": func(path string) bool { return filepath.Ext(path) != ".module" },
	} {
		t.Run(name, func(t *testing.T) {
			p := newProcesses(t, nil)
			id := admit(t, p, sandboxtest.Echo())
			err := filepath.WalkDir(p.opts.CacheDir, func(path string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() || !mine(path) {
					return err
				}
				return os.Remove(path)
			})
			if err != nil {
				t.Fatal(err)
			}
			// A worker that could write would compile the rewritten module again.
			e := run(t, p, &larder{}, task(id))[0]
			if gone := errors.Is(e.Err, ErrNotAdmitted); !gone && (name == "all" || runtime.GOOS == "linux") {
				t.Errorf("ended with %v", e.Err)
			}
			admit(t, p, sandboxtest.Echo())
			if e := run(t, p, &larder{}, task(id))[0]; e.Err != nil {
				t.Errorf("ended with %v", e.Err)
			}
		})
	}
}

func TestDeadlineIsATaskOwn(t *testing.T) {
	eachRunner(t, func(t *testing.T, r Runner) {
		loop, echo := admit(t, r, sandboxtest.Loop()), admit(t, r, sandboxtest.Echo())
		endless := task(loop)
		endless.Limit = 5 * time.Millisecond
		ends := run(t, r, &larder{}, task(echo), endless, task(echo))
		if code := goneCode(t, ends[1]); code != contracts.CodeTimeout {
			t.Errorf("the endless task: %v", ends[1].Err)
		}
		if ends[0].Err != nil || ends[2].Err != nil {
			t.Errorf("its neighbours: %v, %v", ends[0].Err, ends[2].Err)
		}
	})
}

func TestCancelEndsOneTask(t *testing.T) {
	eachRunner(t, func(t *testing.T, r Runner) {
		loop, echo := admit(t, r, sandboxtest.Loop()), admit(t, r, sandboxtest.Echo())
		endless, waiting := task(loop), task(echo)
		var cancel func()
		endless.Context, cancel = context.WithCancel(context.Background())
		first := task(echo)
		done := make(chan End, 3)
		go r.Run([]Task{first, endless, waiting}, &larder{}, func(i int, e End) {
			if i == 0 {
				cancel() // the endless task runs, or is about to
			}
			done <- e
		})
		cancelled := 0
		for _, e := range []End{<-done, <-done, <-done} {
			if contracts.CodeOf(e.Err) == contracts.CodeCancelled {
				cancelled++
			} else if e.Err != nil && !errors.Is(e.Err, ErrNotRun) {
				t.Errorf("a neighbour ended with %v", e.Err)
			}
		}
		if cancelled != 1 {
			t.Errorf("%d tasks were cancelled", cancelled)
		}
	})
}

func TestBlocksThatCannotBeHadEndTheirTaskAlone(t *testing.T) {
	eachRunner(t, func(t *testing.T, r Runner) {
		echo, blocks := admit(t, r, sandboxtest.Echo()), &larder{}
		with := func(ids ...contracts.Link) Task {
			return task(echo, func(c *contracts.Invocation) {
				c.Blobs = map[string]contracts.Link{}
				for i, id := range ids {
					c.Blobs[fmt.Sprint(i)] = id
				}
			})
		}
		half := func(fill byte) contracts.Link {
			b := make([]byte, 20<<20)
			b[0] = fill
			return contracts.Link{Cid: blocks.put(b)}
		}
		absent := contracts.Link{Cid: dagcbor.RawCID([]byte("absent"))}
		ends := run(t, r, blocks, with(absent), with(half(1), half(2)), task(echo))
		if code := goneCode(t, ends[0]); code != contracts.CodeNotFound {
			t.Errorf("a missing block: %v", ends[0].Err)
		}
		if code := goneCode(t, ends[1]); code != contracts.CodeResourceExhausted {
			t.Errorf("too much input: %v", ends[1].Err)
		}
		if e := run(t, r, blocks, task(echo))[0]; e.Err != nil {
			t.Errorf("a task after them: %v", e.Err)
		}
	})
}

// TestPauseEndsAdmissions has a module admitted during a pause and after it.
func TestPauseEndsAdmissions(t *testing.T) {
	eachRunner(t, func(t *testing.T, r Runner) {
		r.SetPace(Pace{Paused: true})
		wasm := sandboxtest.Echo()
		if err := r.Admit(context.Background(), dagcbor.RawCID(wasm), wasm); contracts.CodeOf(err) != contracts.CodeCancelled {
			t.Errorf("during the pause: %v", err)
		}
		r.SetPace(Pace{})
		admit(t, r, wasm)
	})
}

// TestPauseHoldsRunningTasks pauses, and sees that a task neither ends nor
// begins until it is resumed.
func TestPauseHoldsRunningTasks(t *testing.T) {
	eachRunner(t, func(t *testing.T, r Runner) {
		echo := admit(t, r, sandboxtest.Echo())
		r.SetPace(Pace{Paused: true})
		ctx, cancel := context.WithCancel(context.Background())
		held, cancelled := task(echo), task(echo)
		cancelled.Context = ctx
		ends := make(chan End)
		go r.Run([]Task{held}, &larder{}, func(_ int, e End) { ends <- e })
		gone := make(chan End)
		go r.Run([]Task{cancelled}, &larder{}, func(_ int, e End) { gone <- e })
		cancel()
		if e := <-gone; contracts.CodeOf(e.Err) != contracts.CodeCancelled {
			t.Errorf("a task that was cancelled while it was paused: %v", e.Err)
		}
		select {
		case e := <-ends:
			t.Fatalf("a task ended while it was paused: %+v", e)
		default:
		}
		r.SetPace(Pace{Share: 50})
		if e := <-ends; e.Err != nil {
			t.Errorf("the task that was paused: %v", e.Err)
		}
	})
}
