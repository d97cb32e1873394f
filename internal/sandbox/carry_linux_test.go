package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ipfs/go-cid"
	"golang.org/x/sys/unix"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/wasmtasks"
)

// carried is what a process that carries modules says of itself.
type carried struct {
	LoadMS   []float64 // processor time of each module
	LoadedKB int       // resident memory with all of them
	UsedKB   int       // after a unit of each
	HeapKB   int       // of it, Go's heap
}

// carryVariable names the directory of the code and the modules to load, to a
// child of BenchmarkModulesCarried.
const carryVariable = "KRAKO_TEST_CARRY"

// TestCarry is that child.
func TestCarry(t *testing.T) {
	args := strings.Fields(os.Getenv(carryVariable))
	if len(args) == 0 {
		t.Skip("runs as a child of BenchmarkModulesCarried")
	}
	var c carried
	s := newSandbox(t, sandbox.Config{CacheDir: args[0], ReadOnly: true, ModuleCacheBytes: 1 << 30, PoolSize: 1})
	for _, arg := range args[1:] {
		began := processorTime(t)
		if _, err := s.Load(t.Context(), cid.MustParse(arg)); err != nil {
			t.Fatal(err)
		}
		c.LoadMS = append(c.LoadMS, float64((processorTime(t)-began).Microseconds())/1000)
	}
	c.LoadedKB = resident(t)
	for _, arg := range args[1:] {
		m, _ := s.Module(cid.MustParse(arg))
		// No entry of that name: the guest decodes its input and says so.
		if _, err := s.Run(t.Context(), sandbox.Job{Module: m, Entry: "none", Input: []byte("{}"), Unit: dagcbor.RawCID(nil)}); err != nil {
			t.Fatal(err)
		}
	}
	c.UsedKB = resident(t)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	c.HeapKB = int(m.HeapInuse >> 10)
	if err := json.NewEncoder(os.Stderr).Encode(c); err != nil {
		t.Fatal(err)
	}
}

func processorTime(t *testing.T) time.Duration {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// resident is this process's memory without what only awaits collection.
func resident(t *testing.T) int {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		t.Skip(err)
	}
	var kb int
	_, after, _ := strings.Cut(string(text), "\nRss:")
	if _, err := fmt.Sscan(after, &kb); err != nil {
		t.Fatal(err)
	}
	return kb
}

// BenchmarkModulesCarried loads the catalogue's Go modules into a fresh process,
// none, one, two and so on, and tells what the last one added: docs/adr/0023.
func BenchmarkModulesCarried(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "code")
	s := newSandbox(b, sandbox.Config{CacheDir: dir})
	var modules []cid.Cid
	var names []string
	var code []int64 // bytes of each module's files in dir
	for _, task := range wasmtasks.Catalogue() {
		wasm, _ := wasmtasks.Module(task.Module)
		if len(wasm) < 1<<20 || slices.Contains(modules, task.Module) { // no Go module is smaller
			continue
		}
		size := dirSize(b, dir)
		admit(b, s, wasm)
		code = append(code, dirSize(b, dir)-size)
		family, _, _ := strings.Cut(task.Name, "/")
		modules, names = append(modules, task.Module), append(names, fmt.Sprintf("%s_%.1fMB", family, float64(len(wasm))/1e6))
	}
	before := carry(b, dir, nil)
	for n := 1; n <= len(modules); n++ {
		b.Run(fmt.Sprintf("%d_%s", n, names[n-1]), func(b *testing.B) {
			var c carried
			for b.Loop() {
				c = carry(b, dir, modules[:n])
			}
			b.ReportMetric(float64(c.LoadedKB-before.LoadedKB)/1024, "MiB-more")
			b.ReportMetric(float64(c.UsedKB-before.UsedKB)/1024, "MiB-used-more")
			b.ReportMetric(float64(c.UsedKB)/1024, "MiB-process")
			b.ReportMetric(float64(code[n-1])/(1<<20), "MiB-on-disk")
			b.ReportMetric(float64(c.HeapKB-before.HeapKB)/1024, "MiB-heap-more")
			b.ReportMetric(c.LoadMS[n-1], "cpu-ms-load")
			before = c
		})
	}
}

// BenchmarkIdleInstances tells what an idle instance of each of the catalogue's Go
// modules holds: one that has run nothing, and one that has run a unit.
func BenchmarkIdleInstances(b *testing.B) {
	const instances = 32
	seen := map[cid.Cid]bool{}
	for _, task := range wasmtasks.Catalogue() {
		wasm, _ := wasmtasks.Module(task.Module)
		if len(wasm) < 1<<20 || seen[task.Module] {
			continue
		}
		seen[task.Module] = true
		family, _, _ := strings.Cut(task.Name, "/")
		b.Run(fmt.Sprintf("%s_%.1fMB", family, float64(len(wasm))/1e6), func(b *testing.B) {
			s := newSandbox(b, sandbox.Config{PoolSize: instances})
			m := admit(b, s, wasm)
			var fresh, used int64
			for b.Loop() {
				m.Cool()
				none := anonymous(b)
				if err := m.Warm(b.Context()); err != nil {
					b.Fatal(err)
				}
				fresh = anonymous(b) - none
				// No entry of that name: the guest decodes its input and says so.
				j := sandbox.Job{Module: m, Entry: "none", Input: []byte("{}"), Unit: dagcbor.RawCID(nil), Fuel: contracts.DefaultFuel, MemoryPages: contracts.DefaultMemoryPages}
				if err := m.RunOnAll(b.Context(), j); err != nil || m.Idle() != instances {
					b.Fatal(m.Idle(), err)
				}
				used = anonymous(b) - none
			}
			b.ReportMetric(float64(fresh)/instances, "KiB-fresh")
			b.ReportMetric(float64(used)/instances, "KiB-used")
		})
	}
}

// anonymous is this process's own memory in KiB, without what only awaits
// collection.
func anonymous(b *testing.B) (kib int64) {
	b.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip(err)
	}
	_, after, _ := strings.Cut(string(text), "\nRssAnon:")
	if _, err := fmt.Sscan(after, &kib); err != nil {
		b.Fatal(err)
	}
	return kib
}

func dirSize(b *testing.B, dir string) (size int64) {
	b.Helper()
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return size
}

func carry(b *testing.B, dir string, modules []cid.Cid) (c carried) {
	b.Helper()
	args := []string{dir}
	for _, m := range modules {
		args = append(args, m.String())
	}
	cmd := exec.CommandContext(context.Background(), os.Args[0], "-test.run=^TestCarry$")
	cmd.Env = append(os.Environ(), carryVariable+"="+strings.Join(args, " "))
	var said bytes.Buffer
	cmd.Stderr = &said
	if out, err := cmd.Output(); err != nil {
		b.Fatalf("%v: %s%s", err, out, said.Bytes())
	}
	if err := json.Unmarshal(said.Bytes(), &c); err != nil {
		b.Fatalf("%v: %s", err, said.Bytes())
	}
	return c
}
