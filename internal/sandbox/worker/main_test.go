package worker

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
)

// The test binary is its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == Argument {
		os.Exit(Main())
	}
	os.Exit(m.Run())
}

// patience bounds what must happen, however busy the machine is.
const patience = 10 * time.Minute

func testOptions(t testing.TB) Options {
	return Options{
		Slots: 2, CacheDir: filepath.Join(t.TempDir(), "code"), CacheBytes: 1 << 30, ModuleBytes: 256 << 20,
		MaxModule: 8 << 20, MaxPages: 1 << 15, MaxInput: 32 << 20, KeepBlocks: 1 << 20,
		Command: Command{Path: os.Args[0], Args: []string{"test", Argument}},
		Grace:   patience, AdmitTime: patience,
	}
}

func newProcesses(t testing.TB, change func(*Options)) *Processes {
	t.Helper()
	o := testOptions(t)
	if change != nil {
		change(&o)
	}
	p, err := NewProcesses(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func newInProcess(t testing.TB) *InProcess {
	t.Helper()
	p, err := NewInProcess(context.Background(), testOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// eachRunner runs a test with both kinds of Runner.
func eachRunner(t *testing.T, test func(*testing.T, Runner)) {
	t.Run("process", func(t *testing.T) { test(t, newProcesses(t, nil)) })
	t.Run("none", func(t *testing.T) { test(t, newInProcess(t)) })
}

func admit(t testing.TB, r Runner, wasm []byte) cid.Cid {
	t.Helper()
	id := dagcbor.RawCID(wasm)
	if err := r.Admit(context.Background(), id, wasm); err != nil {
		t.Fatal(err)
	}
	return id
}

// task calls a module that was admitted.
func task(module cid.Cid, change ...func(*contracts.Invocation)) Task {
	call := &contracts.Invocation{
		V: 1, Profile: sandbox.Profile, Module: contracts.Link{Cid: module},
		Input: contracts.Payload{Inline: []byte("{}")}, Fuel: 1 << 50, MemoryPages: 64,
	}
	for _, f := range change {
		f(call)
	}
	block, err := call.Block()
	if err != nil {
		panic(err)
	}
	return Task{Context: context.Background(), Unit: dagcbor.CID(block), Call: call, Limit: patience}
}

func input(text string) func(*contracts.Invocation) {
	return func(c *contracts.Invocation) { c.Input = contracts.Payload{Inline: []byte(text)} }
}

// larder is Blocks in memory that counts.
type larder struct {
	mu    sync.Mutex
	data  map[cid.Cid][]byte
	asked map[cid.Cid]int
}

func (l *larder) put(data []byte) cid.Cid {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.data == nil {
		l.data, l.asked = map[cid.Cid][]byte{}, map[cid.Cid]int{}
	}
	id := dagcbor.RawCID(data)
	l.data[id] = data
	return id
}

func (l *larder) Get(_ context.Context, id cid.Cid, most int64) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	data, ok := l.data[id]
	switch {
	case !ok:
		return nil, contracts.Errorf(contracts.CodeNotFound, id.String(), "no such block")
	case int64(len(data)) > most:
		return nil, contracts.Errorf(contracts.CodeResourceExhausted, id.String(), "%d bytes, asked for %d", len(data), most)
	}
	l.asked[id]++
	return data, nil
}

// run runs tasks, those that are sent back again, and returns their ends in the
// order of the tasks.
func run(t testing.TB, r Runner, blocks Blocks, tasks ...Task) []End {
	t.Helper()
	ends := once(t, r, blocks, tasks...)
	for i := range ends {
		if errors.Is(ends[i].Err, ErrNotRun) {
			ends[i] = run(t, r, blocks, tasks[i])[0]
		}
	}
	return ends
}

// once runs tasks and returns their ends in the order of the tasks.
func once(t testing.TB, r Runner, blocks Blocks, tasks ...Task) []End {
	t.Helper()
	ends := make([]End, len(tasks))
	seen := make([]int, len(tasks))
	r.Run(tasks, blocks, func(i int, e End) {
		ends[i] = e
		seen[i]++
	})
	for i, n := range seen {
		if n != 1 {
			t.Fatalf("task %d ended %d times", i, n)
		}
	}
	return ends
}

// goneCode is the code of an end without an outcome.
func goneCode(t testing.TB, e End) contracts.Code {
	t.Helper()
	if e.Err == nil {
		t.Fatalf("ended with an outcome: %q %s", e.Outcome.Code, e.Outcome.Detail)
	}
	return contracts.CodeOf(e.Err)
}
