package sandbox_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
)

func TestNoop(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	o := run(t, s, job(admit(t, s, noop(t)), "", ``))
	wantCode(t, o, "")
	x := uint64(0x9E3779B97F4A7C15)
	for range 1000 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	if want := binary.LittleEndian.AppendUint64(nil, x); !bytes.Equal(o.Output, want) {
		t.Errorf("output = %x, want %x", o.Output, want)
	}
}

// command is a module that only has _start with the given body.
func command(body ...byte) *wasmModule {
	w := newWasm()
	w.fn("_start", "", "", 0, body...)
	return w
}

// trivialReactor returns empty outputs.
func trivialReactor() *wasmModule {
	w := newWasm()
	w.fn("krako_alloc", i32, i32, 0, opI32Const, 8)
	w.fn("krako_run", i32+i32, i64, 0, opI64Const, 0)
	return w
}

func TestAdmitRefuses(t *testing.T) {
	good := command().bytes()
	for _, c := range []struct {
		name, offender string
		wasm           []byte
	}{
		{"nothing", "module", nil},
		{"text", "module", []byte("(module)")},
		{"component", "module", []byte("\x00asm\x0d\x00\x01\x00")},
		{"version", "module at 0x4", []byte("\x00asm\x02\x00\x00\x00")},
		{"cut", "module at 0x2e", good[:len(good)-1]},
		{"too large", "module", append(good, make([]byte, 1<<20)...)},
		{"unknown host function", "import env.system at 0x16", func() []byte {
			w := command()
			w.importFunc("env", "system", i32, i32)
			return w.bytes()
		}()},
		{"unknown wasi function", "import wasi_snapshot_preview1.sock_open at 0x16", func() []byte {
			w := command()
			w.importFunc("wasi_snapshot_preview1", "sock_open", i32, i32)
			return w.bytes()
		}()},
		{"old wasi", "import wasi_unstable.fd_write at 0x19", func() []byte {
			w := command()
			w.importFunc("wasi_unstable", "fd_write", i32+i32+i32+i32, i32)
			return w.bytes()
		}()},
		{"wrong type of import", "import wasi_snapshot_preview1.fd_write at 0x16", func() []byte {
			w := newWasm()
			w.importFunc("wasi_snapshot_preview1", "fd_write", i32, i32)
			w.fn("_start", "", "", 0)
			return w.bytes()
		}()},
		{"imported memory", "import env.memory at 0x11", func() []byte {
			w := command()
			w.imports = append(w.imports, cat(wname("env"), wname("memory"), []byte{2, 0, 1}))
			return w.bytes()
		}()},
		{"no memory", "memory", func() []byte {
			w := command()
			w.memory = nil
			return w.bytes()
		}()},
		{"private memory", "memory", func() []byte {
			w := command()
			w.noExport = true
			return w.bytes()
		}()},
		{"huge memory", "section memory at 0x14", func() []byte {
			w := command()
			w.memory = cat([]byte{0}, uleb(65536))
			return w.bytes()
		}()},
		{"shared memory", "section memory at 0x15", func() []byte {
			w := command()
			w.memory = []byte{3, 1, 1}
			return w.bytes()
		}()},
		{"no entry", "_start", newWasm().bytes()},
		{"half a reactor", "krako_alloc", func() []byte {
			w := newWasm()
			w.fn("krako_run", i32+i32, i64, 0, opI64Const, 0)
			return w.bytes()
		}()},
		{"wrong type of export", "_start", func() []byte {
			w := newWasm()
			w.fn("_start", i32, "", 0)
			return w.bytes()
		}()},
		{"own yield", "import krako.yield at 0x16", func() []byte {
			w := command()
			w.importFunc("krako", "yield", i64, i64)
			return w.bytes()
		}()},
		{"reserved export", "export __krako_fuel at 0x1e", func() []byte {
			w := newWasm()
			w.fn("__krako_fuel", "", "", 0)
			w.fn("_start", "", "", 0)
			return w.bytes()
		}()},
		{"initialisation traps", "_initialize", func() []byte {
			w := trivialReactor()
			w.fn("_initialize", "", "", 0, opUnreachable)
			return w.bytes()
		}()},
		{"initialisation exits", "_initialize", func() []byte {
			w := newWasm()
			exit := w.importFunc("wasi_snapshot_preview1", "proc_exit", i32, "")
			w.fn("krako_alloc", i32, i32, 0, opI32Const, 8)
			w.fn("krako_run", i32+i32, i64, 0, opI64Const, 0)
			w.fn("_initialize", "", "", 0, opI32Const, 0, opCall, exit)
			return w.bytes()
		}()},
		{"initialisation does not end", "_initialize", func() []byte {
			w := trivialReactor()
			w.fn("_initialize", "", "", 0, opLoop, blockVoid, opBr, 0, opEnd)
			return w.bytes()
		}()},
		{"bad code", "module", command(opI32Add).bytes()},
		{"data out of bounds", "section data at 0x35", func() []byte {
			w := command()
			w.section(11, 1, 0, opI32Const, 0xff, 0xff, 0xff, 0x00, opEnd, 1, 'x')
			return w.bytes()
		}()},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSandbox(t, sandbox.Config{MaxModuleBytes: 1 << 20})
			_, err := s.Admit(context.Background(), c.wasm)
			wantError(t, err, contracts.CodeValidation, c.offender)
		})
	}
}

func TestAdmitOnce(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	wasm := command().bytes()
	modules := make([]*sandbox.Module, 8)
	var wg sync.WaitGroup
	for i := range modules {
		wg.Go(func() {
			m, err := s.Admit(context.Background(), wasm)
			if err != nil {
				t.Error(err)
			}
			modules[i] = m
		})
	}
	wg.Wait()
	for _, m := range modules {
		if m != modules[0] {
			t.Fatal("one module was admitted twice")
		}
	}
	id := dagcbor.RawCID(wasm)
	if got, ok := s.Module(id); !ok || got != modules[0] || got.CID() != id {
		t.Errorf("Module(%v) = %v, %v", id, got, ok)
	}
}

func TestModuleCacheForgetsTheLeastUsed(t *testing.T) {
	s := newSandbox(t, sandbox.Config{ModuleCacheBytes: 600 << 10}) // room for two small modules
	var all []*sandbox.Module
	for pages := range byte(3) {
		w := command()
		w.memory = []byte{0, 1 + pages}
		all = append(all, admit(t, s, w.bytes()))
		_, _ = s.Module(all[0].CID()) // stays the most recently used
	}
	for i, want := range []bool{true, false, true} {
		if _, ok := s.Module(all[i].CID()); ok != want {
			t.Errorf("module %d kept = %v, want %v", i, ok, want)
		}
	}
	wantCode(t, run(t, s, job(all[1], "", "")), "")
}

func TestCodeCacheMustBePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no mode bits")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := sandbox.New(context.Background(), sandbox.Config{CacheDir: dir})
	wantError(t, err, contracts.CodeValidation, dir)
}

func TestRunRefusesBadJobs(t *testing.T) {
	s, other := newSandbox(t, sandbox.Config{}), newSandbox(t, sandbox.Config{})
	m := admit(t, s, command().bytes())
	good := job(m, "", "")
	for _, c := range []struct {
		name, offender string
		code           contracts.Code
		change         func(*sandbox.Job)
	}{
		{"no module", "module", contracts.CodeValidation, func(j *sandbox.Job) { j.Module = nil }},
		{"another's module", "module", contracts.CodeValidation, func(j *sandbox.Job) { j.Module = admit(t, other, command().bytes()) }},
		{"no unit", "unit", contracts.CodeValidation, func(j *sandbox.Job) { j.Unit = sandbox.Job{}.Unit }},
		{"entry", "entry", contracts.CodeValidation, func(j *sandbox.Job) { j.Entry = "a\x00b" }},
		{"blob", "../x", contracts.CodeValidation, func(j *sandbox.Job) { j.Blobs = map[string][]byte{"../x": nil} }},
		{"memory", "memory_pages", contracts.CodeResourceExhausted, func(j *sandbox.Job) { j.MemoryPages = 1 << 16 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := good
			c.change(&j)
			_, err := s.Run(context.Background(), j)
			wantError(t, err, c.code, c.offender)
		})
	}
	wantCode(t, run(t, s, good), "")
}

// TestCloseWaitsForWhatWasLeft: an admission goes on when its caller leaves, and the
// sandbox is there until it ends.
func TestCloseWaitsForWhatWasLeft(t *testing.T) {
	reached, release := make(chan struct{}), make(chan struct{})
	var ended atomic.Bool
	s, err := sandbox.New(context.Background(), sandbox.Config{BeforeGuest: func() error {
		close(reached)
		<-release
		for range 1000 {
			runtime.Gosched()
		}
		ended.Store(true)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	left := make(chan error)
	go func() {
		_, err := s.Admit(ctx, sumC(t))
		left <- err
	}()
	<-reached
	cancel()
	if err := <-left; contracts.CodeOf(err) != contracts.CodeCancelled {
		t.Errorf("the admission was left with %v", err)
	}
	close(release)
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if !ended.Load() {
		t.Error("the sandbox was closed under an admission")
	}
}
