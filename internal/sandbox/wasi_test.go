package sandbox

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero/experimental/wazerotest"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// caller makes host calls of one unit over a memory of some pages.
type caller struct {
	testing.TB
	x   *execution
	mem *wazerotest.Memory
}

func newCaller(t testing.TB, pages int) *caller {
	return &caller{t, testExecution(1 << 40), wazerotest.NewFixedMemory(pages * wazerotest.PageSize)}
}

// wasi makes a call that must return.
func (c *caller) wasi(name string, p ...uint64) errno {
	c.Helper()
	p = append(p, 0)
	if s := c.x.do(wasiCalls[name], memory{c.mem}, p); s != nil {
		c.Fatalf("%s ended the unit: %+v", name, s)
	}
	return errno(p[0])
}

// open opens a path relative to a descriptor for reading.
func (c *caller) open(dir uint64, path string, flags, rights uint64) (fd uint64, e errno) {
	copy(c.mem.Bytes[1024:], path)
	e = c.wasi("path_open", dir, 0, 1024, uint64(len(path)), flags, rights, 0, 0, 512)
	return uint64(binary.LittleEndian.Uint32(c.mem.Bytes[512:])), e
}

// TestConstantCalls gives the calls that return a constant parameters that
// nothing else would take.
func TestConstantCalls(t *testing.T) {
	want := map[string]errno{"sched_yield": errnoSuccess, "fd_fdstat_set_rights": errnoNotsup, "fd_renumber": errnoNotsup, "proc_raise": errnoNotsup}
	for _, name := range []string{"accept", "recv", "send", "shutdown"} {
		want["sock_"+name] = errnoNotsock
	}
	for _, name := range []string{
		"fd_allocate", "fd_filestat_set_size", "fd_filestat_set_times", "fd_pwrite", "path_create_directory", "path_filestat_set_times",
		"path_link", "path_remove_directory", "path_rename", "path_symlink", "path_unlink_file",
	} {
		want[name] = errnoRofs
	}
	c := newCaller(t, 1)
	before := bytes.Clone(c.mem.Bytes)
	for name, want := range want {
		if got := c.wasi(name, slices.Repeat([]uint64{0xffffffff}, len(wasiCalls[name].sig.params))...); got != want {
			t.Errorf("%s = %d, want %d", name, got, want)
		}
	}
	if !bytes.Equal(before, c.mem.Bytes) {
		t.Error("memory was written")
	}
}

// TestPointersOutsideMemory is about every other call: 0xfffffff0 is outside,
// descriptors are open and lengths short.
func TestPointersOutsideMemory(t *testing.T) {
	const out = 0xfffffff0
	for name, params := range map[string][]uint64{
		"args_get": {out, 0}, "args_sizes_get": {out, 0}, "environ_sizes_get": {0, out}, "clock_res_get": {0, out}, "clock_time_get": {0, 0, out},
		"random_get": {out, 8}, "poll_oneoff": {out, 0, 1, 0}, "fd_fdstat_get": {0, out}, "fd_filestat_get": {0, out},
		"fd_pread": {4, out, 1, 0, 0}, "fd_prestat_dir_name": {3, out, 1}, "fd_prestat_get": {3, out}, "fd_read": {0, out, 1, 0},
		"fd_readdir": {3, out, 64, 0, 0}, "fd_seek": {4, 0, 0, out}, "fd_tell": {4, out}, "fd_write": {1, out, 1, 0},
		"path_filestat_get": {3, 0, out, 8, 0}, "path_open": {3, 0, out, 8, 0, 0, 0, 0, 0}, "path_readlink": {3, out, 8, 0, 0, 0},
	} {
		c := newCaller(t, 1)
		if _, e := c.open(3, "blobs/a", 0, rightRead); e != errnoSuccess {
			t.Fatal(e)
		}
		if got := c.wasi(name, params...); got != errnoFault {
			t.Errorf("%s = %d, want %d", name, got, errnoFault)
		}
	}
}

func TestDescriptors(t *testing.T) {
	c := newCaller(t, 1)
	for fd, filetype := range []byte{typeUnknown, typeUnknown, typeUnknown, typeDirectory} {
		if e := c.wasi("fd_fdstat_get", uint64(fd), 0); e != errnoSuccess || c.mem.Bytes[0] != filetype {
			t.Errorf("descriptor %d is of type %d, %d", fd, c.mem.Bytes[0], e)
		}
		want := errnoSpipe
		if filetype == typeDirectory {
			want = errnoIsdir
		}
		if e := c.wasi("fd_seek", uint64(fd), 0, 0, 0); e != want {
			t.Errorf("seeking in descriptor %d gave %d", fd, e)
		}
		if e := c.wasi("fd_prestat_get", uint64(fd), 0); (e == errnoSuccess) != (fd == 3) || fd != 3 && e != errnoBadf {
			t.Errorf("descriptor %d is preopened: %d", fd, e)
		}
	}
	if e := c.wasi("fd_prestat_get", 4, 0); e != errnoBadf {
		t.Errorf("descriptor 4: %d", e)
	}
	for fd := range uint64(4) {
		if e := c.wasi("fd_close", fd); e != errnoSuccess {
			t.Errorf("closing %d gave %d", fd, e)
		}
		for _, name := range []string{"fd_close", "fd_advise", "fd_sync", "fd_datasync", "fd_tell", "fd_filestat_get"} {
			if e := c.wasi(name, fd, 0, 0, 0); e != errnoBadf {
				t.Errorf("%s of closed %d gave %d", name, fd, e)
			}
		}
	}
	c = newCaller(t, 1)
	if e := c.wasi("fd_fdstat_set_flags", 1, 5); e != errnoSuccess || c.wasi("fd_fdstat_get", 1, 0) != errnoSuccess || c.mem.Bytes[2] != 5 {
		t.Errorf("flags are %d after they were set to 5", c.mem.Bytes[2])
	}
}

// TestInodes reads what is told of the tree's files.
func TestInodes(t *testing.T) {
	c := newCaller(t, 1)
	for ino, path := range []string{".", "blobs", "blobs/a", "blobs/b"} {
		copy(c.mem.Bytes[1024:], path)
		if e := c.wasi("path_filestat_get", 3, 0, 1024, uint64(len(path)), 0); e != errnoSuccess {
			t.Fatal(path, e)
		}
		var got []uint64
		for at := 0; at < 64; at += 8 {
			got = append(got, binary.LittleEndian.Uint64(c.mem.Bytes[at:]))
		}
		filetype, size := uint64(typeDirectory), uint64(0)
		if ino > 1 {
			filetype, size = typeRegular, []uint64{5, 5000}[ino-2]
		}
		if want := []uint64{0, uint64(ino + 1), filetype, 1, size, clockEpoch, clockEpoch, clockEpoch}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
		if e := c.wasi("path_readlink", 3, 1024, uint64(len(path)), 0, 64, 128); e != errnoInval {
			t.Errorf("%s is a link: %d", path, e)
		}
	}
}

func TestOpening(t *testing.T) {
	for _, o := range []struct {
		path          string
		flags, rights uint64
		want          errno
	}{
		{"blobs/a", 0, rightRead, errnoSuccess},
		{"blobs/x", 0, rightRead, errnoNoent},
		{"blobs/x", openCreate, rightRead, errnoRofs},
		{"blobs/x", openCreate | openExclusive, rightRead, errnoRofs},
		{"blobs/a", openCreate, rightRead, errnoSuccess},
		{"blobs/a", openCreate | openExclusive | openDirectory, rightWrite, errnoExist},
		{"blobs/a", openDirectory | openTruncate, rightWrite, errnoNotdir},
		{"blobs/a", openTruncate, rightWrite, errnoRofs},
		{"blobs", openTruncate, rightWrite, errnoRofs},
		{"blobs", 0, rightWrite, errnoIsdir},
		{"blobs/a", 0, rightWrite, errnoRofs},
		{"blobs", openDirectory, 0, errnoSuccess},
	} {
		c := newCaller(t, 1)
		if _, e := c.open(3, o.path, o.flags, o.rights); e != o.want {
			t.Errorf("%+v: %d", o, e)
		}
	}
	c := newCaller(t, 1)
	dir, _ := c.open(3, "blobs", openDirectory, 0)
	file, e := c.open(dir, "a", 0, rightRead)
	if dir != 4 || file != 5 || e != errnoSuccess {
		t.Fatal(dir, file, e)
	}
	for name, p := range map[string][]uint64{"fd_read": {dir, 0, 1, 0}, "fd_pread": {dir, 0, 1, 0, 0}, "fd_tell": {dir, 0}} {
		if e := c.wasi(name, p...); e != errnoIsdir {
			t.Errorf("%s of a directory gave %d", name, e)
		}
	}
	for _, fd := range []uint64{0, dir, file} {
		if e := c.wasi("fd_write", fd, 0, 1, 0); e != errnoRofs {
			t.Errorf("writing to %d gave %d", fd, e)
		}
	}
}

func TestListing(t *testing.T) {
	c := newCaller(t, 1)
	dir, _ := c.open(3, "blobs", openDirectory, 0)
	var names []string
	for cookie := uint64(0); ; cookie++ { // one entry at a time
		if e := c.wasi("fd_readdir", dir, 2048, 26, cookie, 0); e != errnoSuccess {
			t.Fatal(e)
		}
		used, entry := binary.LittleEndian.Uint32(c.mem.Bytes), c.mem.Bytes[2048:]
		if used == 0 {
			break
		}
		if next := binary.LittleEndian.Uint64(entry); next != cookie+1 {
			t.Fatalf("entry %d is followed by %d", cookie, next)
		}
		names = append(names, string(entry[24:min(used, 24+binary.LittleEndian.Uint32(entry[16:]))]))
	}
	if !slices.Equal(names, []string{".", "..", "a", "b"}) {
		t.Errorf("names %q", names)
	}
}

func TestTooManyParts(t *testing.T) {
	c := newCaller(t, 2)
	for n, want := range map[uint64]errno{maxVectors: errnoSuccess, maxVectors + 1: errnoInval} {
		if e := c.wasi("fd_write", 2, 0, n, 65536); e != want {
			t.Errorf("%d iovecs: %d", n, e)
		}
	}
	for n, want := range map[uint64]errno{0: errnoInval, 1: errnoSuccess, maxVectors: errnoSuccess, maxVectors + 1: errnoInval} {
		if e := c.wasi("poll_oneoff", 0, 65536, n, 0); e != want {
			t.Errorf("%d subscriptions: %d", n, e)
		}
	}
}

func TestClocksBeginAtTheEpoch(t *testing.T) {
	c := newCaller(t, 1)
	for id, want := range []uint64{1_767_225_600_000_000_000, 1_000_000_000} {
		if e := c.wasi("clock_time_get", uint64(id), 1, 0); e != errnoSuccess || binary.LittleEndian.Uint64(c.mem.Bytes) != want {
			t.Errorf("clock %d begins at %d, %d", id, binary.LittleEndian.Uint64(c.mem.Bytes), e)
		}
		if e := c.wasi("clock_res_get", uint64(id), 0); e != errnoSuccess || binary.LittleEndian.Uint64(c.mem.Bytes) != 1 {
			t.Errorf("clock %d has a resolution of %d, %d", id, binary.LittleEndian.Uint64(c.mem.Bytes), e)
		}
	}
	for _, name := range []string{"clock_time_get", "clock_res_get"} {
		if e := c.wasi(name, 2, 0, 0); e != errnoInval {
			t.Errorf("%s of processor time gave %d", name, e)
		}
	}
}

// TestEntropy fixes the beginning of both streams, drawn in pieces and at once.
func TestEntropy(t *testing.T) {
	id := dagcbor.RawCID([]byte("unit"))
	unit, module := newCaller(t, 1), newCaller(t, 1)
	module.x.beginInit(&Module{id: id})
	for name, s := range map[string]struct {
		*caller
		want string
	}{"unit": {unit, "4b2204acf9a4ceb1"}, "module": {module, "886ded2228ba1602"}} {
		for _, n := range []uint64{5, 3, 8} {
			if e := s.wasi("random_get", 16-n, n); e != errnoSuccess {
				t.Fatal(e)
			}
		}
		if got := hex.EncodeToString(s.mem.Bytes[8:16]); got != s.want {
			t.Errorf("bytes 8 to 16 of the %s's stream are %s, want %s", name, got, s.want)
		}
	}
	long, again := newCaller(t, 48), newCaller(t, 48)
	long.wasi("random_get", 0, 48<<16)
	for at := uint64(0); at < 48<<16; at += 48 << 10 {
		again.wasi("random_get", at, 48<<10)
	}
	if !bytes.Equal(long.mem.Bytes, again.mem.Bytes) {
		t.Error("a stream drawn at once and one drawn in pieces differ")
	}
}

// TestInitialisationSeesNothing looks at what it is given, and at what a unit
// sees of descriptors and media types that it left.
func TestInitialisationSeesNothing(t *testing.T) {
	c := newCaller(t, 1)
	m := &Module{id: dagcbor.RawCID([]byte("module"))}
	c.x.beginInit(m)
	if !slices.Equal(c.x.args, []string{"krako", ""}) || len(c.x.stdin)+len(c.x.blobs) > 0 || c.x.now() != 0 || c.x.fuel.budget != initFuel {
		t.Errorf("args %q, stdin %q, blobs %v, time %d, fuel %d", c.x.args, c.x.stdin, c.x.blobs, c.x.now(), c.x.fuel.budget)
	}
	if _, e := c.open(3, "blobs/a", 0, rightRead); e != errnoNoent {
		t.Errorf("a blob is there: %d", e)
	}
	if fd, e := c.open(3, "blobs", openDirectory, 0); fd != 4 || e != errnoSuccess {
		t.Fatal(fd, e)
	}
	copy(c.mem.Bytes, "a/b")
	c.x.do(krakoCalls["media_type"], memory{c.mem}, []uint64{0, 3})
	c.x.beginUnit(Job{Module: m, Unit: m.id, Fuel: 1 << 30}, clock{7})
	if e := c.wasi("fd_close", 4); e != errnoBadf || c.x.media != contracts.DefaultMediaType || c.x.now() != 7 {
		t.Errorf("a unit finds descriptor 4 (%d), media type %s, time %d", e, c.x.media, c.x.now())
	}
}

func TestABIIsToldByExports(t *testing.T) {
	all := map[string]signature{exportStart: {}, exportAlloc: {"i", "i"}, exportRun: {"ii", "I"}}
	for names, want := range map[string]ABI{
		exportStart: ABICommand, exportAlloc + " " + exportRun: ABIReactor, exportStart + " " + exportAlloc + " " + exportRun: ABIReactor,
	} {
		exports := exportsOf(all, strings.Fields(names))
		if abi, err := detectABI(exports); err != nil || abi != want {
			t.Errorf("%s: %v, %v", names, abi, err)
		}
	}
	for _, names := range []string{"", exportAlloc, exportRun} {
		if abi, err := detectABI(exportsOf(all, strings.Fields(names))); err == nil {
			t.Errorf("%q is a %v", names, abi)
		}
	}
}

func exportsOf(all map[string]signature, names []string) (list []rewrite.Export) {
	for _, name := range names {
		list = append(list, rewrite.Export{Name: name, Kind: rewrite.KindFunc, Type: all[name].funcType()})
	}
	return append(list, rewrite.Export{Name: exportMemory, Kind: rewrite.KindMemory})
}

// TestKrakoCalls tries module krako's calls on blobs, and outside memory.
func TestKrakoCalls(t *testing.T) {
	c := newCaller(t, 1)
	copy(c.mem.Bytes, "ax")
	do := func(name string, p ...uint64) (uint64, *stop) {
		s := c.x.do(krakoCalls[name], memory{c.mem}, p)
		return p[0], s
	}
	for _, test := range []struct {
		name string
		p    []uint64
		want uint64
	}{
		{"blob_size", []uint64{0, 1}, 5},
		{"blob_size", []uint64{1, 1}, 1<<64 - 1},
		{"blob_size", []uint64{0, 60000}, 1<<64 - 1},
		{"blob_read", []uint64{0, 1, 0, 64, 3}, 3},
		{"blob_read", []uint64{0, 1, 3, 67, 9}, 2},
		{"blob_read", []uint64{0, 1, 5, 64, 9}, 0},
		{"blob_read", []uint64{0, 1, 1<<64 - 1, 64, 9}, 0},
		{"blob_read", []uint64{1, 1, 0, 64, 9}, 1<<32 - 1},
	} {
		if got, s := do(test.name, slices.Clone(test.p)...); got != test.want || s != nil {
			t.Errorf("%s%v = %d, %v; want %d", test.name, test.p, got, s, test.want)
		}
	}
	if got := string(c.mem.Bytes[64:69]); got != "alpha" {
		t.Errorf("read %q", got)
	}
	for name, p := range map[string][]uint64{
		"media_type": {65536, 1}, "blob_size": {65535, 2}, "blob_read": {0, 1, 0, 65535, 2},
	} {
		if _, s := do(name, p...); s == nil || s.code != contracts.CodeTrap {
			t.Errorf("%s%v: %+v", name, p, s)
		}
	}
	if _, s := do("media_type", 0, 2); s == nil || s.code != contracts.CodeBadOutput {
		t.Errorf("media type %q: %+v", "ax", s)
	}
	if !slices.Equal(slices.Sorted(maps.Keys(krakoCalls)), []string{"blob_read", "blob_size", "media_type"}) {
		t.Error("there are calls that this test does not know")
	}
}

// TestLongNamesAreNotCopied asks for a blob by a name of 32 MiB.
func TestLongNamesAreNotCopied(t *testing.T) {
	c := newCaller(t, 512)
	if got := c.x.guestString(memory{c.mem}, 0, 512<<16, maxBlobName); len(got) != maxBlobName+1 || c.x.fuel.used() != 512<<16 {
		t.Errorf("took %d bytes for %d units of fuel", len(got), c.x.fuel.used())
	}
}
