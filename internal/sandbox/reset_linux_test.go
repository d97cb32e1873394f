package sandbox

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// use is what units do to their memory, in the course of which pages become
// private, or do not.
type use struct {
	*testing.T
	rng  *rand.Rand
	mem  []byte
	file *os.File // as large as the memory
}

func (u *use) page() []byte {
	at := u.rng.IntN(len(u.mem)/osPage) * osPage
	return u.mem[at : at+osPage]
}

func (u *use) do() {
	switch u.rng.IntN(12) {
	case 0, 1, 2:
		u.page()[u.rng.IntN(osPage)] ^= byte(1 + u.rng.IntN(255))
	case 3: // to the pages that most units write to
		u.mem[u.rng.IntN(8)*osPage] ^= byte(1 + u.rng.IntN(255))
	case 4: // what it held
		p := u.page()
		set(&p[0], p[0])
	case 5:
		if p := u.page(); p[0] != p[len(p)-1] { // only read
			runtime.KeepAlive(p)
		}
	case 6: // from the beginning of one page to somewhere in the next
		at := u.rng.IntN(len(u.mem)/osPage-1) * osPage
		clear(u.mem[at : at+osPage+u.rng.IntN(osPage)])
	case 7: // by the kernel
		if _, err := u.file.ReadAt(u.page(), int64(u.rng.IntN(osPage))); err != nil {
			u.Fatal(err)
		}
	case 8: // a page goes out of memory and comes in again
		if err := unix.Madvise(u.page(), unix.MADV_PAGEOUT); err != nil && err != unix.EINVAL {
			u.Fatal(err)
		}
	case 9:
		runtime.Gosched()
	case 10:
		for range u.rng.IntN(600) {
			u.page()[u.rng.IntN(osPage)]++
		}
	default: // nothing at all
	}
}

//go:noinline
func set(b *byte, to byte) { *b = to }

// TestResetsAreExact resets a memory after all kinds of use, and compares all of
// it with what it was.
func TestResetsAreExact(t *testing.T) {
	for name, p := range ways(t) {
		t.Run(name, func(t *testing.T) {
			trusted := 0
			for seed := range uint64(20) {
				rng := rand.New(rand.NewPCG(seed, 9))
				trusted += resetOften(t, rng, p)
			}
			if (trusted > 0) != p.counts {
				t.Errorf("%d resets looked for no pages", trusted)
			}
		})
	}
}

// resetOften returns how many resets trusted that no page had been added.
func resetOften(t *testing.T, rng *rand.Rand, p pagemap) (trusted int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	i, image := sampleImage(t, 3+rng.IntN(40))
	want := append(image, make([]byte, rng.IntN(20)*pageSize)...)
	r, err := newRegion(i, len(want)+pageSize, p)
	if err != nil {
		t.Fatal(err)
	}
	defer r.free()
	u := &use{T: t, rng: rng, mem: r.slice(len(want)), file: noise(t, rng, len(want))}
	for unit := range 60 {
		if rng.IntN(8) > 0 { // else nobody says who has it
			r.watch()
		}
		for range rng.IntN(6) {
			u.do()
		}
		if r.hot.untouched() {
			trusted++
		}
		if err := r.reset(len(want)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(u.mem, want) {
			t.Fatalf("unit %d: the memory is not what it was", unit)
		}
		// That was a look at it, which has made pages private where the kernel shows no
		// common page of zeros: nobody watched.
		if err := r.reset(len(want)); err != nil {
			t.Fatal(err)
		}
	}
	return trusted
}

func noise(t *testing.T, rng *rand.Rand, n int) *os.File {
	t.Helper()
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	name := filepath.Join(t.TempDir(), "noise")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// TestKernelIsMadeUseOf sees that a kernel that can tell the pages is asked to, in
// the quickest way it has: if it were not, everything would only be slower.
func TestKernelIsMadeUseOf(t *testing.T) {
	fd, err := unix.Open("/proc/self/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip(err)
	}
	defer unix.Close(fd)
	var u unix.Utsname
	var major, minor int
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	newer := major > 6 || major == 6 && minor >= 7
	for _, may := range []pagemap{{fd, true, true}, {fd, true, false}, {fd, false, true}, {fd, false, false}} {
		want := may
		want.scans = may.scans && newer
		if p, err := may.proven(); err != nil || p != want {
			t.Errorf("Linux %d.%d: of %+v there is %+v, %v", major, minor, may, p, err)
		}
	}
}

// Large pages become writable without a fault, so a memory must have none.
func TestPagesStaySmall(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip(err)
	}
	i, image := sampleImage(t, 40)
	r, err := newRegion(i, len(image)+64*pageSize, noPagemap())
	if err != nil {
		t.Fatal(err)
	}
	defer r.free()
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, i.size()} {
		_, after, ok := strings.Cut(string(smaps), fmt.Sprintf("\n%x-", address(r.slice(r.bytes)[at:])))
		_, flags, _ := strings.Cut(after, "\nVmFlags:")
		flags, _, _ = strings.Cut(flags, "\n")
		if !ok || !strings.Contains(flags+" ", " nh ") {
			t.Errorf("the mapping at %d has flags %q", at, flags)
		}
	}
}

// TestTooManyPagesAreDropped dirties more pages than are copied back, in one
// piece and one by one.
func TestTooManyPagesAreDropped(t *testing.T) {
	for name, p := range ways(t) {
		for _, step := range []int{1, 2} {
			page := os.Getpagesize()
			i, _ := sampleImage(t, 10)
			r, err := newRegion(i, (2*maxHotPages+1)*page, p)
			if err != nil {
				t.Fatal(err)
			}
			mem := r.slice(r.bytes)
			for n := range maxHotPages {
				mem[n*step*page]++
			}
			runs, ok := p.private(mem, nil)
			if want := p.fd >= 0; ok != want || want && pagesOf(runs) != maxHotPages {
				t.Errorf("%s, every %d: %d pages found, %v", name, step, pagesOf(runs), ok)
			}
			mem[len(mem)-1]++
			if runs, ok := p.private(mem, nil); ok {
				t.Errorf("%s, every %d: %d pages found of %d", name, step, pagesOf(runs), maxHotPages+1)
			}
			r.free()
		}
	}
}

func pagesOf(runs []pageRun) (n int) {
	for _, r := range runs {
		n += int(r.to-r.from) / os.Getpagesize()
	}
	return n
}

// BenchmarkReset resets a memory as large as a Go module's after a unit that
// wrote to as many pages, in the places where the runtime's are.
func BenchmarkReset(b *testing.B) {
	i, err := newImage(nonzero(bytes.Repeat([]byte{1}, 64*pageSize)))
	if err != nil {
		b.Fatal(err)
	}
	defer i.release()
	for name, p := range ways(b) {
		b.Run(name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			const pages = 108
			r, err := newRegion(i, pages*pageSize, p)
			if err != nil {
				b.Fatal(err)
			}
			defer r.free()
			mem := r.slice(pages * pageSize)
			for b.Loop() {
				r.watch()
				for n := range 44 {
					mem[(n+n/2*30)*osPage]++
				}
				if err := r.reset(len(mem)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
