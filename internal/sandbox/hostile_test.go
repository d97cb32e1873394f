//go:build !race

package sandbox_test

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
)

const (
	hostileDir = "testdata/hostile"
	// hostileTime is the most any hostile guest may take from bytes to its stop.
	// It is a bound on the worst, not a measurement: all end by counting.
	hostileTime = 10 * time.Second
	// hostileGrowth is how much memory the process may hold on to.
	hostileGrowth = 64 << 20
)

// hostileStop is a line of stops.txt.
type hostileStop struct {
	name   string
	fuel   uint64 // 0 if admission refuses the guest
	pages  uint32
	code   contracts.Code
	detail string // or offender; "" for any
}

func readStops(t *testing.T) []hostileStop {
	t.Helper()
	var stops []hostileStop
	lines := bufio.NewScanner(bytes.NewReader(guestFile(t, hostileDir+"/stops.txt")))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if len(f) < 4 {
			t.Fatalf("stops.txt: %q has too few columns", lines.Text())
		}
		s := hostileStop{name: f[0], code: contracts.Code(f[3]), detail: strings.Join(f[4:], " ")}
		if s.code == "SUCCESS" {
			s.code = ""
		}
		if f[1] != "-" {
			fuel, err := strconv.ParseUint(f[1], 10, 32)
			pages, err2 := strconv.ParseUint(f[2], 10, 16)
			if err != nil || err2 != nil || fuel == 0 {
				t.Fatalf("stops.txt: %q: bad number", lines.Text())
			}
			s.fuel, s.pages = fuel*1_000_000, uint32(pages)
		}
		stops = append(stops, s)
	}
	return stops
}

// TestHostileGuests runs every guest of the corpus in one sandbox, each beside
// good units that must not notice.
func TestHostileGuests(t *testing.T) {
	host := newHostileHost(t)
	for _, s := range readStops(t) {
		t.Run(s.name, func(t *testing.T) {
			host.beside(t, func(ctx context.Context) { host.try(t, ctx, s) })
			host.checkMemory(t)
		})
	}
}

// TestHostileCorpusIsListed makes sure that no guest lies there unused.
func TestHostileCorpusIsListed(t *testing.T) {
	listed := map[string]bool{"escape": true} // TestNoHostFileIsReadable's
	for _, s := range readStops(t) {
		listed[s.name] = true
	}
	files, err := filepath.Glob(hostileDir + "/*.wasm")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d guests, %v", len(files), err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".wasm")
		if !listed[name] {
			t.Errorf("%s has no line in stops.txt", name)
		}
	}
	for name := range hostileModules() {
		if !listed[name] {
			t.Errorf("generated %s has no line in stops.txt", name)
		}
	}
}

// hostileHost is a process with a sandbox that runs good and hostile units.
type hostileHost struct {
	box  *sandbox.Sandbox
	good sandbox.Job
	want sandbox.Outcome
	held uint64 // memory, before anything hostile
}

func newHostileHost(t *testing.T) *hostileHost {
	box := newSandbox(t, sandbox.Config{ModuleCacheBytes: 24 << 20, CacheDir: filepath.Join(t.TempDir(), "code")})
	h := &hostileHost{box: box, good: job(admit(t, box, sumC(t)), "sum", `{"values":[1,2,3,-4]}`)}
	h.want = run(t, box, h.good)
	wantCode(t, h.want, "")
	h.held = heldMemory()
	return h
}

// heldMemory is what the Go runtime has from the system after a collection.
func heldMemory() uint64 {
	debug.FreeOSMemory()
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

func (h *hostileHost) checkMemory(t *testing.T) {
	t.Helper()
	if now := heldMemory(); now > h.held+hostileGrowth {
		t.Errorf("the process holds %d MiB more than before", (now-h.held)>>20)
	}
}

// beside runs good units until attack returns. All must end as ever.
func (h *hostileHost) beside(t *testing.T, attack func(context.Context)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hostileTime)
	defer cancel()
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for last := false; !last; {
			select {
			case <-over:
				last = true // one more, after it
			default:
			}
			o, err := h.box.Run(context.WithoutCancel(ctx), h.good)
			if d := cmp.Diff(h.want, o); d != "" || err != nil {
				t.Errorf("a good unit beside it: %v %s", err, d)
				return
			}
		}
	}()
	defer func() { close(over); <-done }()
	attack(ctx)
}

// try admits and runs a guest and checks how that ends.
func (h *hostileHost) try(t *testing.T, ctx context.Context, s hostileStop) {
	t.Helper()
	m, err := h.box.Admit(ctx, hostileModule(t, s.name))
	if s.fuel == 0 {
		offender := s.detail
		if e, ok := contractsError(err); ok && offender == "" {
			offender = e.Offender
		}
		wantError(t, err, s.code, offender)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	j := job(m, "", "null")
	j.Fuel, j.MemoryPages = s.fuel, s.pages
	j.Blobs = map[string][]byte{"a": []byte("alpha")}
	o, err := h.box.Run(ctx, j)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, o, s.code)
	if s.detail != "" && o.Detail != s.detail {
		t.Errorf("detail = %q, want %q", o.Detail, s.detail)
	}
	if len(o.Stderr) > 64<<10 || o.MemoryPages > s.pages || o.FuelUsed > s.fuel {
		t.Errorf("%d bytes of log, %d pages, %d units of fuel are more than allowed", len(o.Stderr), o.MemoryPages, o.FuelUsed)
	}
	if again := run(t, h.box, j); !cmp.Equal(o, again) {
		t.Errorf("ends differently the second time: %s", cmp.Diff(o, again))
	}
}

// hostileModule is a guest from its file or its generator.
func hostileModule(t *testing.T, name string) []byte {
	t.Helper()
	if generate, ok := hostileModules()[name]; ok {
		return generate()
	}
	return guestFile(t, hostileDir+"/"+name+".wasm")
}

// secret is what no guest may read.
const secret = "correct-horse-battery-staple"

// secretPaths is a list of places to look for it, as JSON.
func secretPaths(dirs ...string) string {
	paths := []string{
		"secret", "./secret", "/secret", "/etc/passwd", "/proc/self/environ", "/proc/self/cwd/secret", "/proc/self/root/etc/passwd",
		"/proc/self/mem", "/dev/fd/0", "/dev/stdin", "..", "/", ".", "blobs/a", "a",
	}
	for _, dir := range dirs {
		paths = append(paths, filepath.ToSlash(filepath.Join(dir, "secret")))
	}
	return `["` + strings.Join(paths, `","`) + `"]`
}

func wantNoSecret(t *testing.T, name string, o sandbox.Outcome) {
	t.Helper()
	for _, leak := range []string{secret, "root:", "KRAKO"} {
		if bytes.Contains(o.Output, []byte(leak)) || bytes.Contains(o.Stderr, []byte(leak)) {
			t.Errorf("%s: the guest read %q: %.2000q", name, leak, o.Output)
		}
	}
}

// TestNoHostFileIsReadable gives a guest, and a Go program, the names of files
// and an environment that hold a secret. No byte of it may come out.
func TestNoHostFileIsReadable(t *testing.T) {
	escape, wasm := guestFile(t, hostileDir+"/escape.wasm"), probe(t)
	s := newSandbox(t, sandbox.Config{})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte(secret), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	t.Setenv("KRAKO_SECRET", secret)
	for name, wasm := range map[string][]byte{"c": escape, "go": wasm} {
		j := job(admit(t, s, wasm), "escape", secretPaths(dir))
		j.Blobs = map[string][]byte{"a": []byte("alpha")}
		o := run(t, s, j)
		wantCode(t, o, "")
		wantNoSecret(t, name, o)
		if name == "c" && !bytes.Contains(o.Output, []byte("alpha")) {
			t.Errorf("the guest could not even read its own blob: %q", o.Output)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("guests left files: %v %v", slices.Collect(slices.Values(entries)), err)
	}
}
