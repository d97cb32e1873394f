//go:build !race

package sandbox_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/sandbox/worker"
)

// agent is a process that has hostile guests run in worker processes.
type agent struct {
	*worker.Processes
	cache  string
	blobs  pantry
	honest cid.Cid
}

// pantry is worker.Blocks in memory.
type pantry map[cid.Cid][]byte

func (p pantry) Get(_ context.Context, id cid.Cid, _ int64) ([]byte, error) { return p[id], nil }

func (p pantry) put(b []byte) contracts.Link {
	id := dagcbor.RawCID(b)
	p[id] = b
	return contracts.Link{Cid: id}
}

func newAgent(t *testing.T) *agent {
	t.Helper()
	a := &agent{cache: filepath.Join(t.TempDir(), "code"), blobs: pantry{}}
	p, err := worker.NewProcesses(worker.Options{
		Slots: 1, CacheDir: a.cache, CacheBytes: 1 << 30, ModuleBytes: 64 << 20, MaxModule: 8 << 20, MaxPages: 8192,
		MaxInput: 1 << 20, KeepBlocks: 1 << 20, Command: worker.Command{Path: os.Args[0], Args: []string{"test", worker.Argument}},
		Grace: hostileTime, AdmitTime: 6 * hostileTime, // both are bounds on a machine with much else to do
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	a.Processes = p
	a.honest = dagcbor.RawCID(sumC(t))
	if err := p.Admit(t.Context(), a.honest, sumC(t)); err != nil {
		t.Fatal(err)
	}
	return a
}

// task is a unit of a module that may take so much.
func (a *agent) task(module cid.Cid, input string, fuel uint64, pages uint32) worker.Task {
	call := &contracts.Invocation{
		V: 1, Profile: sandbox.Profile, Module: contracts.Link{Cid: module}, Entry: "sum",
		Input: contracts.Payload{Inline: []byte(input)}, Blobs: map[string]contracts.Link{"a": a.blobs.put([]byte("alpha"))},
		Fuel: fuel, MemoryPages: pages,
	}
	return worker.Task{Context: context.Background(), Unit: dagcbor.RawCID([]byte(input)), Call: call, Limit: 6 * hostileTime}
}

// run runs tasks, those that were sent back again.
func (a *agent) run(tasks ...worker.Task) []worker.End {
	ends := make([]worker.End, len(tasks))
	a.Run(tasks, a.blobs, func(i int, e worker.End) { ends[i] = e })
	for i := range ends {
		if ends[i].Err == worker.ErrNotRun {
			ends[i] = a.run(tasks[i])[0]
		}
	}
	return ends
}

// TestHostileGuestsInProcesses runs the corpus as a node does: admitted and run
// by processes of their own, between honest units. Each ends as it does in
// TestHostileGuests, no process dies of it, and this one does not grow.
func TestHostileGuestsInProcesses(t *testing.T) {
	a := newAgent(t)
	const sum = `{"values":[1,2,3,-4]}`
	before := heldMemory()
	for n, s := range readStops(t) {
		if testing.Short() && n%4 != 0 {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			wasm := hostileModule(t, s.name)
			id := dagcbor.RawCID(wasm)
			err := a.Admit(t.Context(), id, wasm)
			if s.code == contracts.CodeResourceExhausted && err == nil {
				return // this machine has more room than that of TestHostileGuests
			}
			if s.fuel == 0 {
				if e, ok := contractsError(err); !ok || e.Code != s.code || s.detail != "" && e.Offender != s.detail {
					t.Errorf("admission gave %v, want %s %s", err, s.code, s.detail)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ends := a.run(a.task(a.honest, sum, 1e9, 16), a.task(id, "null", s.fuel, s.pages), a.task(a.honest, sum, 1e9, 16))
			if e := ends[1]; e.Err != nil || e.Outcome.Code != s.code || s.detail != "" && e.Outcome.Detail != s.detail {
				t.Errorf("%q %s, %v; want %q %s", e.Outcome.Code, e.Outcome.Detail, e.Err, s.code, s.detail)
			}
			for _, i := range []int{0, 2} {
				if e := ends[i]; e.Err != nil || string(e.Outcome.Output) != "2" {
					t.Errorf("an honest unit beside it: %q, %v", e.Outcome.Output, e.Err)
				}
			}
		})
		if now := heldMemory(); now > before+hostileGrowth {
			t.Errorf("after %s this process holds %d MiB more than before", s.name, (now-before)>>20)
		}
	}
	if r := a.Report(); r.Deaths != 0 {
		t.Errorf("%d processes died, the last: %s", r.Deaths, r.LastDeath)
	}
}

// TestSecretsStayOutOfProcesses plants a secret where the agent and its workers
// could read it, and names the places to guests.
func TestSecretsStayOutOfProcesses(t *testing.T) {
	t.Setenv("KRAKO_SECRET", secret)
	escape, program := guestFile(t, hostileDir+"/escape.wasm"), probe(t)
	a, dir := newAgent(t), t.TempDir()
	for _, file := range []string{filepath.Join(dir, "secret"), filepath.Join(a.cache, "secret")} {
		if err := os.WriteFile(file, []byte(secret), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, wasm := range map[string][]byte{"c": escape, "go": program} {
		id := dagcbor.RawCID(wasm)
		if err := a.Admit(t.Context(), id, wasm); err != nil {
			t.Fatal(err)
		}
		task := a.task(id, secretPaths(dir, a.cache), 1e11, 1024)
		task.Call.Entry = "escape"
		e := a.run(task)[0]
		if e.Err != nil || e.Outcome.Code != "" {
			t.Fatalf("%s: %q %s, %v", name, e.Outcome.Code, e.Outcome.Detail, e.Err)
		}
		wantNoSecret(t, name, e.Outcome)
		if name == "c" && !bytes.Contains(e.Outcome.Output, []byte("alpha")) {
			t.Errorf("the guest could not even read its own blob: %q", e.Outcome.Output)
		}
	}
}
