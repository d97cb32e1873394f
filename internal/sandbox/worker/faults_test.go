package worker

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
)

// fakeChild is a worker process that a test plays.
type fakeChild struct {
	once  sync.Once
	ended chan struct{}
	in    *io.PipeReader
	out   *io.PipeWriter
}

func (*fakeChild) PID() int                 { return 1 }
func (f *fakeChild) Ended() <-chan struct{} { return f.ended }
func (f *fakeChild) State() string          { return "signal: played" }

func (*fakeChild) Suspend() {}
func (*fakeChild) Resume()  {}

func (f *fakeChild) Kill() {
	f.once.Do(func() {
		close(f.ended)
		f.in.CloseWithError(io.ErrClosedPipe)
		f.out.Close()
	})
}

// played returns a process whose messages the test reads and writes.
func played() (*process, *fakeChild) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	f := &fakeChild{ended: make(chan struct{}), in: inR, out: outW}
	return newProcess(f, inW, outR, func() { inW.Close() }), f
}

// respond answers the first batch with a frame, and everything else with nothing.
func (f *fakeChild) respond(frame []byte) {
	r := newFrameReader(f.in, maxSetup)
	for {
		kind, _, err := r.next()
		if err != nil {
			return
		}
		if kind == kindBatch && frame != nil {
			if _, err := f.out.Write(frame); err != nil {
				return
			}
		}
	}
}

func resultsFrame(batch uint64, ends ...[]byte) []byte {
	b := appendHead(nil, kindResults)
	b = binary.AppendUvarint(b, batch)
	b = binary.AppendUvarint(b, uint64(len(ends)))
	for _, e := range ends {
		b = append(b, e...)
	}
	return finish(b, 0)
}

func runningFrame(batch uint64, index int) []byte {
	return finish(append(appendHead(nil, kindRunning), encodeRunning(taskID{batch, index}, time.Second)...), 0)
}

func encoded(index int, e End) []byte { return encodeEnd(nil, index, &e) }

func success(output string) End {
	return End{Outcome: sandbox.Outcome{Output: []byte(output), MediaType: "application/json", FuelUsed: 1, MemoryPages: 1}}
}

// TestLyingWorkersAreEnded answers two tasks with what no honest worker would.
func TestLyingWorkersAreEnded(t *testing.T) {
	module := dagcbor.RawCID([]byte("module"))
	for name, c := range map[string]struct {
		frame    []byte
		mentions string
	}{
		"another kind":        {finish(appendHead(nil, kindReady), 0), "kind 65"},
		"too large":           {[]byte{0x7f, 0xff, 0xff, 0xff, kindResults}, "allowed are"},
		"empty frame":         {[]byte{0, 0, 0, 0, 0}, "allowed are"},
		"another batch":       {resultsFrame(9, encoded(0, success("1"))), "batch 9"},
		"no such task":        {resultsFrame(1, encoded(2, success("1"))), "task 2"},
		"nothing":             {resultsFrame(1), "no results"},
		"twice":               {resultsFrame(1, encoded(0, success("1")), encoded(0, success("1"))), "task 0"},
		"cut short":           {resultsFrame(1, encoded(0, success("1"))[:3]), "is no number"},
		"more than announced": {resultsFrame(1, append(encoded(0, success("1")), 0)), "too many"},
		"too much fuel":       {resultsFrame(1, encoded(0, End{Outcome: sandbox.Outcome{MediaType: "a/b", FuelUsed: 1 << 60}})), "fuel"},
		"bad media type":      {resultsFrame(1, encoded(0, End{Outcome: sandbox.Outcome{MediaType: "\xff"}})), "type"},
		"an outcome's code":   {resultsFrame(1, encoded(0, End{Err: contracts.Errorf(contracts.CodeTrap, "", "")})), "TRAP"},
		"no outcome's code":   {resultsFrame(1, encoded(0, End{Outcome: sandbox.Outcome{Code: contracts.CodeTimeout}})), "TIMEOUT"},
		"idleness":            {resultsFrame(1, encoded(0, End{Err: ErrNotRun})), "sent back"},
		"no task running":     {runningFrame(1, 2), "task 2"},
		"of another batch":    {runningFrame(9, 0), "batch 9"},
		"two running":         {append(runningFrame(1, 0), runningFrame(1, 1)...), "task 1"},
		"running at its end":  {append(resultsFrame(1, encoded(0, success("1"))), runningFrame(1, 0)...), "task 0"},
	} {
		t.Run(name, func(t *testing.T) {
			p, f := played()
			go f.respond(c.frame)
			var ends []End
			b, death := p.run([]Task{task(module), task(module)}, &larder{}, bounds{grace: patience}, func(_ int, e End) { ends = append(ends, e) })
			if death == nil || death.Code != contracts.CodeInternal || !strings.Contains(death.Reason, c.mentions) {
				t.Fatalf("death %+v, want to be told of %q", death, c.mentions)
			}
			b.bury(func(*Task) error { return death })
			if len(ends) != 2 || ends[1].Err == nil {
				t.Errorf("ends %+v", ends)
			}
		})
	}
}

func TestSilentWorkerIsEndedAfterItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, f := played()
		go f.respond(nil)
		began := time.Now()
		slow := task(dagcbor.RawCID(nil))
		slow.Limit = time.Hour
		_, death := p.run([]Task{slow}, &larder{}, bounds{grace: time.Minute}, func(_ int, e End) { t.Errorf("ended with %+v", e) })
		if death == nil || death.Code != contracts.CodeTimeout || !death.Alone {
			t.Errorf("death %+v", death)
		}
		if took := time.Since(began); took != time.Hour+time.Minute {
			t.Errorf("it was ended after %s", took)
		}
	})
}

// TestStuckWorkerIsEndedAfterCancellation also has a task beside the cancelled
// one, which is not to blame.
func TestStuckWorkerIsEndedAfterCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, f := played()
		go f.respond(nil)
		ctx, cancel := context.WithCancel(context.Background())
		stuck := task(dagcbor.RawCID(nil))
		stuck.Context, stuck.Limit = ctx, time.Hour
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		_, death := p.run([]Task{stuck, task(dagcbor.RawCID(nil))}, &larder{}, bounds{grace: time.Minute}, func(int, End) {})
		if death == nil || death.Code != contracts.CodeCancelled {
			t.Errorf("death %+v", death)
		}
		if took := time.Since(began); took != time.Second+time.Minute {
			t.Errorf("it was ended after %s", took)
		}
	})
}

// TestRunningTaskIsEndedInTime has a process say that its first task has run for a
// second, and sees that it is ended at its deadline or when it is cancelled, and that
// the task beside it is not to blame.
func TestRunningTaskIsEndedInTime(t *testing.T) {
	for name, c := range map[string]struct {
		cancel time.Duration // 0 for not
		code   contracts.Code
		after  time.Duration
	}{
		"deadline":         {0, contracts.CodeTimeout, time.Hour - time.Second},
		"cancelled":        {time.Minute, contracts.CodeCancelled, time.Minute},
		"cancelled before": {-1, contracts.CodeCancelled, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, f := played()
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				slow := task(dagcbor.RawCID(nil))
				slow.Limit, slow.Context = time.Hour, ctx
				go func() {
					r := newFrameReader(f.in, maxSetup)
					for {
						kind, _, err := r.next()
						if err != nil {
							return
						}
						if kind != kindBatch {
							continue
						}
						if c.cancel < 0 {
							cancel()
						}
						go func() { _, _ = f.out.Write(runningFrame(1, 0)) }()
					}
				}()
				if c.cancel > 0 {
					time.AfterFunc(c.cancel, cancel)
				}
				began := time.Now()
				b, death := p.run([]Task{slow, task(dagcbor.RawCID(nil))}, &larder{}, bounds{grace: 2 * time.Hour}, func(int, End) {})
				if death == nil || death.Code != c.code || !death.meant {
					t.Fatalf("death %+v", death)
				}
				if took := time.Since(began); took != c.after {
					t.Errorf("it was ended after %s", took)
				}
				if running := b.running(); running != &b.tasks[0] {
					t.Errorf("running: %+v", running)
				}
			})
		})
	}
}

// TestCancellationEndsAPause cancels a task that is held, or whose process stands
// still.
func TestCancellationEndsAPause(t *testing.T) {
	t.Run("held", func(t *testing.T) { testCancelledPause(t, func(p *process) { p.pace.set(Pace{Paused: true}) }) })
	t.Run("in the midst", func(t *testing.T) {
		testCancelledPause(t, func(p *process) {
			time.AfterFunc(time.Second/2, func() { p.pace.set(Pace{Paused: true}) })
		})
	})
}

func testCancelledPause(t *testing.T, pause func(*process)) {
	synctest.Test(t, func(t *testing.T) {
		p, f := played()
		go f.respond(nil)
		pause(p)
		ctx, cancel := context.WithCancel(context.Background())
		held := task(dagcbor.RawCID(nil))
		held.Context = ctx
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		_, death := p.run([]Task{held}, &larder{}, bounds{grace: time.Hour}, func(int, End) {})
		if death == nil || death.Code != contracts.CodeCancelled || !death.meant || time.Since(began) != time.Second {
			t.Errorf("death %+v after %s", death, time.Since(began))
		}
	})
}

// TestProgressMovesTheDeadline answers each of two tasks just in time.
func TestProgressMovesTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, f := played()
		go func() {
			r := newFrameReader(f.in, maxSetup)
			for {
				if kind, _, err := r.next(); err != nil || kind == kindBatch {
					break
				}
			}
			for i := range 2 {
				time.Sleep(59 * time.Minute)
				_, _ = f.out.Write(resultsFrame(1, encoded(i, success("1"))))
			}
		}()
		tasks := []Task{task(dagcbor.RawCID(nil)), task(dagcbor.RawCID(nil))}
		for i := range tasks {
			tasks[i].Limit = 58 * time.Minute
		}
		var ends []End
		if _, death := p.run(tasks, &larder{}, bounds{grace: 2 * time.Minute}, func(_ int, e End) { ends = append(ends, e) }); death != nil {
			t.Fatal(death)
		}
		if len(ends) != 2 || ends[0].Err != nil || ends[1].Err != nil {
			t.Errorf("ends %+v", ends)
		}
	})
}

func TestGreetingIsChecked(t *testing.T) {
	for name, frame := range map[string][]byte{
		"another version": coldFrame(t, kindReady, ready{V: version + 1}),
		"another kind":    coldFrame(t, kindVerdict, ready{V: version}),
		"no document":     finish(append(appendHead(nil, kindReady), "hello"...), 0),
	} {
		p, f := played()
		go func() {
			_, _, _ = newFrameReader(f.in, maxSetup).next()
			_, _ = f.out.Write(frame)
		}()
		_, err := p.greet(setup{V: version})
		if _, ok := errors.AsType[*malformedError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
		f.Kill()
	}
}

func coldFrame(t *testing.T, kind byte, v any) []byte {
	t.Helper()
	b, err := dagcbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return finish(append(appendHead(nil, kind), b...), 0)
}
