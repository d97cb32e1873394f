package worker

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox/confine"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
)

// heap returns the live heap of this process, which is the agent here.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// agentGrowth is how much memory the agent may need for whatever guests do.
const agentGrowth = 64 << 20

// TestHostileGuestsEndAsDefined runs the corpus with an honest task before and
// after each, and looks at the agent's memory meanwhile.
func TestHostileGuestsEndAsDefined(t *testing.T) {
	p := newProcesses(t, nil)
	echo := admit(t, p, sandboxtest.Echo())
	big := func(c *contracts.Invocation) { c.Fuel, c.MemoryPages = 200_000_000, 1<<14 }
	hostile := []struct {
		name string
		wasm []byte
		call func(*contracts.Invocation)
		want contracts.Code
	}{
		{"infinite loop", sandboxtest.Loop(), func(c *contracts.Invocation) { c.Fuel = 500_000_000 }, contracts.CodeOutOfFuel},
		{"infinite recursion", sandboxtest.Recurse(), nil, contracts.CodeStackOverflow},
		{"memory bomb", sandboxtest.Bomb(), big, contracts.CodeOutOfMemory},
		{"fill of 1 GiB", sandboxtest.Fill(1 << 14), big, contracts.CodeOutOfFuel},
		{"output flood", sandboxtest.Flood(), nil, contracts.CodeBadOutput},
	}
	before := heap()
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			bad := task(admit(t, p, h.wasm))
			if h.call != nil {
				bad = task(bad.Call.Module.Cid, h.call)
			}
			ends := run(t, p, &larder{}, task(echo, input(`1`)), bad, task(echo, input(`2`)))
			if o := ends[1].Outcome; ends[1].Err != nil || o.Code != h.want || o.FuelUsed > bad.Call.Fuel {
				t.Errorf("%s, %d fuel, %v; want %s", o.Code, o.FuelUsed, ends[1].Err, h.want)
			}
			for _, i := range []int{0, 2} {
				if o := ends[i].Outcome; ends[i].Err != nil || string(o.Output) != fmt.Sprint(i/2+1) {
					t.Errorf("an honest task beside it: %s, %q, %v", o.Code, o.Output, ends[i].Err)
				}
			}
			if grown := heap() - before; grown > agentGrowth {
				t.Errorf("the agent has grown by %d MiB", grown>>20)
			}
		})
	}
	if r := p.Report(); r.Deaths != 0 {
		t.Errorf("%d processes died: %s", r.Deaths, r.LastDeath)
	}
}

func TestPlantedFileIsNeverRead(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	p := newProcesses(t, nil)
	for _, planted := range []string{filepath.Join(dir, "secret"), filepath.Join(p.opts.CacheDir, "secret")} {
		if err := os.WriteFile(planted, []byte("planted"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"secret", "../secret", strings.TrimPrefix(dir, "/") + "/secret", filepath.Join(dir, "secret"), "/proc/self/cwd/secret"} {
		o := run(t, p, &larder{}, task(admit(t, p, sandboxtest.Open(path))))[0].Outcome
		if o.Code != "" || len(o.Output) != 4 || binary.LittleEndian.Uint32(o.Output) == 0 || bytes.Contains(o.Output, []byte("planted")) {
			t.Errorf("%q: %s, output %q", path, o.Code, o.Output)
		}
	}
}

// TestAgentIsNotHeldUp collects garbage while guests run that never call the
// host: every collection stops all goroutines of the process for a moment.
func TestAgentIsNotHeldUp(t *testing.T) {
	p := newProcesses(t, nil)
	loop := admit(t, p, sandboxtest.Loop())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan End)
	for range 2 {
		endless := task(loop)
		endless.Context = ctx
		go p.Run([]Task{endless}, &larder{}, func(_ int, e End) { ended <- e })
	}
	for range 20 {
		runtime.GC()
		select {
		case e := <-ended:
			t.Fatalf("an endless task ended: %+v", e)
		default:
		}
	}
	cancel()
	for range 2 {
		if e := <-ended; contracts.CodeOf(e.Err) != contracts.CodeCancelled {
			t.Errorf("ended with %v", e.Err)
		}
	}
}

// startTask runs a task and returns when a process runs it, with that process and
// the channel of its end.
func startTask(p *Processes, t Task) (pid int, ended chan End) {
	ended = make(chan End, 1)
	begun := make(chan int, 1)
	probe := &beginning{Blocks: &larder{}, begun: func() { begun <- p.busy() }}
	t.Call.Blobs = map[string]contracts.Link{"probe": {Cid: dagcbor.RawCID(nil)}}
	go p.Run([]Task{t}, probe, func(_ int, e End) { ended <- e })
	return <-begun, ended
}

// beginning is Blocks that tells when a process asks for something.
type beginning struct {
	Blocks
	begun func()
}

func (b *beginning) Get(context.Context, cid.Cid, int64) ([]byte, error) {
	b.begun()
	return nil, nil
}

// busy returns the process id of a process that is not idle.
func (p *Processes) busy() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := map[*process]bool{}
	for _, child := range p.idle {
		idle[child] = true
	}
	for child := range p.live {
		if !idle[child] {
			return child.PID()
		}
	}
	return 0
}

func killPID(t *testing.T, pid int) {
	t.Helper()
	child, err := os.FindProcess(pid)
	if err == nil {
		err = child.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestKillersAreRefused kills the process of a module's tasks, twice.
func TestKillersAreRefused(t *testing.T) {
	p := newProcesses(t, nil)
	killer, echo := admit(t, p, sandboxtest.Loop()), admit(t, p, sandboxtest.Echo())
	for round := range mostKilled {
		pid, ended := startTask(p, task(killer))
		killPID(t, pid)
		e := <-ended
		death, died := errors.AsType[*DeathError](e.Err)
		if last := round == mostKilled-1; died == last {
			t.Fatalf("death %d: %v", round+1, e.Err)
		} else if died && (!death.Alone || death.Code != contracts.CodeInternal) {
			t.Errorf("death %d: %+v", round+1, death)
		}
		if e := run(t, p, &larder{}, task(echo))[0]; e.Err != nil {
			t.Errorf("an honest task after death %d: %v", round+1, e.Err)
		}
	}
	again := task(killer)
	e := run(t, p, &larder{}, again, task(echo))
	if c, ok := errors.AsType[*contracts.Error](e[0].Err); !ok || c.Code != contracts.CodeInternal || c.Offender != again.Unit.String() {
		t.Errorf("a task of the killer: %v", e[0].Err)
	}
	if e[1].Err != nil {
		t.Errorf("a task beside it: %v", e[1].Err)
	}
	if err := p.Admit(context.Background(), killer, sandboxtest.Loop()); contracts.CodeOf(err) != contracts.CodeInternal {
		t.Errorf("the killer is admitted again: %v", err)
	}
	if r := p.Report(); r.Deaths != mostKilled || r.Refused != 1 || r.LastDeath == "" {
		t.Errorf("report %+v", r)
	}
}

func TestDeathAmongManyAccusesNobody(t *testing.T) {
	p := newProcesses(t, nil)
	loop, echo := admit(t, p, sandboxtest.Loop()), admit(t, p, sandboxtest.Echo())
	for range mostKilled + 1 {
		first := task(loop)
		pid := make(chan int, 1)
		probe := &beginning{Blocks: &larder{}, begun: func() { pid <- p.busy() }}
		first.Call.Blobs = map[string]contracts.Link{"probe": {Cid: dagcbor.RawCID(nil)}}
		go func() { killPID(t, <-pid) }()
		for i, e := range once(t, p, probe, first, task(echo)) {
			// The loop may have sent the other back before the kill.
			if death, died := errors.AsType[*DeathError](e.Err); !died && !(i == 1 && errors.Is(e.Err, ErrNotRun)) {
				t.Fatalf("task %d: %v", i, e.Err)
			} else if died && death.Alone {
				return // the loop was alone by then, and is to blame
			}
		}
	}
	if r := p.Report(); r.Refused != 0 {
		t.Errorf("%d modules are refused", r.Refused)
	}
}

func TestIdleDeathIsNoticed(t *testing.T) {
	p := newProcesses(t, func(o *Options) { o.Slots = 1 })
	echo := admit(t, p, sandboxtest.Echo())
	run(t, p, &larder{}, task(echo))
	child := p.idle[0]
	child.Kill()
	<-child.Ended()
	if e := run(t, p, &larder{}, task(echo))[0]; e.Err != nil {
		t.Errorf("ended with %v", e.Err)
	}
	if r := p.Report(); r.Deaths != 1 || len(r.Processes) != 1 {
		t.Errorf("report %+v", r)
	}
}

// TestLargeProcessIsKilled tells the watch of a size that the process has not.
func TestLargeProcessIsKilled(t *testing.T) {
	p := newProcesses(t, nil)
	loop := admit(t, p, sandboxtest.Loop())
	pid, ended := startTask(p, task(loop))
	p.weigh(func(other int) (int64, bool) { return p.mostMemory(modeUnits) + 1, other == pid })
	e := <-ended
	if death, ok := errors.AsType[*DeathError](e.Err); !ok || death.Code != contracts.CodeResourceExhausted || !strings.Contains(death.Reason, "MiB") {
		t.Errorf("ended with %v", e.Err)
	}
	if r := p.Report(); r.Refused != 0 {
		t.Error("the module is refused")
	}
}

// TestSlowAdmissionIsEnded has a module admitted that takes seconds to compile: a small
// one may be through before this process, on a busy machine, gets to look at its clock.
func TestSlowAdmissionIsEnded(t *testing.T) {
	wasm, err := os.ReadFile("../../../wasmtasks/render/render.wasm")
	if err != nil {
		t.Fatal(err)
	}
	p := newProcesses(t, func(o *Options) { o.AdmitTime = 1 })
	err = p.Admit(context.Background(), dagcbor.RawCID(wasm), wasm)
	if contracts.CodeOf(err) != contracts.CodeResourceExhausted {
		t.Errorf("admission gave %v", err)
	}
}

func TestMeasuresAreReported(t *testing.T) {
	r := newProcesses(t, nil).Report()
	on := map[string]bool{}
	for _, m := range r.Measures {
		on[m.Name] = m.On
	}
	for _, name := range []string{confine.Privileges, confine.Network, confine.Files, confine.Parent, confine.Resources, confine.Calls, confine.Writes, confine.Memory} {
		if _, ok := on[name]; !ok {
			t.Errorf("nothing is said of %s", name)
		}
	}
	if runtime.GOOS == "linux" && (!on[confine.Calls] || !on[confine.Writes]) {
		t.Errorf("measures %+v", r.Measures)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	p, err := NewProcesses(testOptions(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	child := p.idle[0]
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if !child.dead() {
		t.Error("a process lives on")
	}
	if e := once(t, p, &larder{}, task(dagcbor.RawCID(nil)))[0]; !errors.Is(e.Err, ErrNotRun) {
		t.Errorf("a task after the end: %v", e.Err)
	}
}
