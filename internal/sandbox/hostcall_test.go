package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero/experimental/wazerotest"
	"github.com/tetratelabs/wazero/sys"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

func withSum(rest []byte) []byte {
	sum := crc32.Checksum(rest, castagnoli)
	return append(binary.BigEndian.AppendUint32(nil, sum), rest...)
}

// cell is a global of a guest that there is not.
type cell uint64

func (c *cell) Get() uint64  { return uint64(*c) }
func (c *cell) Set(v uint64) { *c = cell(v) }

// testExecution is an execution in the middle of a unit, with fuel to spend.
func testExecution(fuel uint64) *execution {
	x := &execution{ctx: context.Background()}
	x.fuel.counter = new(cell)
	x.output.limit, x.log.limit = 1<<20, 1<<10
	job := Job{
		Module: &Module{}, Entry: "entry", Input: []byte("input"), Fuel: fuel,
		Blobs: map[string][]byte{"a": []byte("alpha"), "b": make([]byte, 5000)},
		Unit:  dagcbor.RawCID([]byte("unit")),
	}
	x.beginUnit(job, clock{})
	return x
}

// do makes one host call as the engine would and tells how the host ended the
// guest, if it did.
func (x *execution) do(c hostCall, m memory, p []uint64) (s *stop) {
	defer func() {
		r := recover()
		if err, ok := r.(error); r != nil {
			if _, exit := errors.AsType[*sys.ExitError](err); !ok || !exit {
				panic(r)
			}
			s = x.stopped
		}
	}()
	c.fn(x, m, p)
	return nil
}

func allCalls() []hostCall {
	var all []hostCall
	for _, calls := range []map[string]hostCall{wasiCalls, krakoCalls} {
		for _, name := range slices.Sorted(maps.Keys(calls)) {
			all = append(all, calls[name])
		}
	}
	return all
}

// FuzzHostCalls makes sequences of host calls with hostile parameters over a
// hostile memory. Each must end in a result or a stop of the closed set, twice
// the same.
func FuzzHostCalls(f *testing.F) {
	f.Add([]byte{3, 0, 0, 0, 1, 1, 16, 5, 0, 64, 0, 200}, []byte("\x10\x00\x00\x00\xff\x00\x00\x00blobs/a"))
	f.Add([]byte{30, 255, 255, 255, 255, 8, 0, 255, 255}, []byte{})
	f.Fuzz(func(t *testing.T, script, contents []byte) {
		first, second := playCalls(script, contents), playCalls(script, contents)
		if !slices.Equal(first, second) {
			t.Fatalf("%v, then %v", first, second)
		}
	})
}

func playCalls(script, contents []byte) []uint64 {
	x := testExecution(10_000_000)
	mem := wazerotest.NewFixedMemory(wazerotest.PageSize)
	copy(mem.Bytes, contents)
	calls := allCalls()
	var trace []uint64
	next := func() byte {
		if len(script) == 0 {
			return 0
		}
		b := script[0]
		script = script[1:]
		return b
	}
	for len(script) > 0 && len(trace) < 64 {
		c := calls[int(next())%len(calls)]
		p := make([]uint64, max(1, len(c.sig.params)))
		for i := range p {
			p[i] = param(next())
		}
		s := x.do(c, memory{mem}, p)
		if s != nil {
			if s.code != "" && !s.code.Deterministic() {
				panic("a host call stopped with " + s.code)
			}
			break
		}
		trace = append(trace, p[0], uint64(x.fuel.used()), x.now())
	}
	sum := sha256.Sum256(mem.Bytes)
	return append(trace, uint64(sum[0]), uint64(len(x.output.b)), uint64(len(x.log.b)))
}

// param spreads a byte over what is interesting: small numbers, offsets, ends.
func param(b byte) uint64 {
	switch {
	case b < 128:
		return uint64(b)
	case b < 192:
		return uint64(b-128) * 1024
	case b < 224:
		return uint64(0xffffffff) - uint64(b-192)
	}
	return ^uint64(0) - uint64(b-224)
}

func TestHostWorkIsCharged(t *testing.T) {
	for name, c := range map[string]struct {
		call hostCall
		p    []uint64
		want int64
	}{
		"random": {wasiCalls["random_get"], []uint64{0, 4096}, 4096},
		"write":  {wasiCalls["fd_write"], []uint64{1, 0, 1, 64}, 100 + 4096/8},
		"blob":   {krakoCalls["blob_read"], []uint64{16, 1, 0, 4096, 8192}, 1 + 5000/8},
		"list":   {wasiCalls["fd_readdir"], []uint64{3, 4096, 4096, 0, 64}, 300},
	} {
		t.Run(name, func(t *testing.T) {
			mem := wazerotest.NewFixedMemory(wazerotest.PageSize)
			copy(mem.Bytes, "\x00\x01\x00\x00\x00\x10\x00\x00") // 4096 bytes at 256
			mem.Bytes[16] = 'b'
			x := testExecution(1 << 30)
			if s := x.do(c.call, memory{mem}, slices.Clone(c.p)); s != nil || x.fuel.used() != c.want {
				t.Errorf("used %d, want %d; stopped: %v", x.fuel.used(), c.want, s)
			}
			x = testExecution(uint64(c.want - 1))
			if s := x.do(c.call, memory{mem}, slices.Clone(c.p)); s == nil || s.code != contracts.CodeOutOfFuel {
				t.Errorf("one unit too little: %v", s)
			}
		})
	}
}

func TestPollMovesTime(t *testing.T) {
	x := testExecution(1 << 30)
	mem := wazerotest.NewFixedMemory(wazerotest.PageSize)
	m := memory{mem}
	sub := func(i int, tag byte, at uint64, flags byte) {
		s := mem.Bytes[i*subscriptionSize:]
		s[0], s[8], s[16] = byte(i), tag, clockMonotonic
		m.WriteUint64Le(uint32(i*subscriptionSize+24), at)
		s[40] = flags
	}
	sub(0, eventClock, 5e9, 0)
	sub(1, eventClock, 3e9, 0)
	sub(2, eventClock, monotonicBase+3e9+3*partFuel, clockAbsolute) // the charge passes first
	start := x.now()
	p := []uint64{0, 1024, 3, 512}
	if s := x.do(wasiCalls["poll_oneoff"], m, p); s != nil || p[0] != 0 {
		t.Fatal(s, p[0])
	}
	n, _ := m.ReadUint32Le(512)
	slept := x.now() - start
	if n != 2 || mem.Bytes[1024] != 1 || mem.Bytes[1024+eventSize] != 2 || slept < 3e9 || slept > 3e9+1000 {
		t.Errorf("%d events, slept %d", n, slept)
	}
	sub(0, eventRead, 0, 0) // descriptor 1, which is open
	before := x.clock
	p = []uint64{0, 1024, 2, 512}
	if s := x.do(wasiCalls["poll_oneoff"], m, p); s != nil || p[0] != 0 || x.clock != before {
		t.Errorf("a ready descriptor made time pass: %v %d", s, p[0])
	}
	for range 3 { // time ends instead of overflowing
		sub(0, eventClock, 1<<63, 0)
		p = []uint64{0, 1024, 1, 512}
		if s := x.do(wasiCalls["poll_oneoff"], m, p); s != nil || p[0] != 0 || x.now() != clockEnd {
			t.Errorf("%v %d at %d", s, p[0], x.now())
		}
	}
}

func TestFilesAreBounded(t *testing.T) {
	x := testExecution(1 << 30)
	mem := wazerotest.NewFixedMemory(wazerotest.PageSize)
	copy(mem.Bytes, "blobs/a")
	opened := 0
	for {
		p := []uint64{3, 0, 0, 7, 0, rightRead, 0, 0, 64}
		if s := x.do(wasiCalls["path_open"], memory{mem}, p); s != nil {
			t.Fatal(s)
		}
		if errno(p[0]) != errnoSuccess {
			if errno(p[0]) != errnoMfile {
				t.Errorf("errno %d", p[0])
			}
			break
		}
		opened++
	}
	if opened != maxFiles-4 {
		t.Errorf("opened %d files", opened)
	}
	p := []uint64{7}
	x.do(wasiCalls["fd_close"], memory{mem}, p)
	p = []uint64{3, 0, 0, 7, 0, rightRead, 0, 0, 64}
	x.do(wasiCalls["path_open"], memory{mem}, p)
	if fd, _ := mem.ReadUint32Le(64); p[0] != 0 || fd != 7 {
		t.Errorf("reopened as %d, errno %d", fd, p[0])
	}
}

// TestLongCallsGiveTurns lets the host have its turn after each MiB, and end the
// unit in the middle.
func TestLongCallsGiveTurns(t *testing.T) {
	for name, call := range map[string]func(c *caller){
		"random": func(c *caller) { c.wasi("random_get", 0, 3<<20+1) },
		"copy":   func(c *caller) { c.x.copy(make([]byte, 4<<20), make([]byte, 3<<20+1)) },
	} {
		c, turns := newCaller(t, 64), 0
		c.x.yield = func(context.Context) { turns++ }
		c.x.spend(1) // opens the account's first slice
		c.x.fuel.slice = 1 << 30
		c.x.fuel.counter.Set(1 << 30)
		if call(c); turns != 3 {
			t.Errorf("%s: %d turns in 3 MiB", name, turns)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := newCaller(t, 64)
	c.x.ctx, c.x.yield = ctx, func(context.Context) { cancel() }
	if c.x.do(wasiCalls["random_get"], memory{c.mem}, []uint64{0, 3 << 20}); !c.x.interrupted {
		t.Error("the call went on")
	}
}

func TestSlicesFollowThePace(t *testing.T) {
	f := fuel{counter: new(cell)}
	f.begin(1<<40, firstSlice)
	for range 10 {
		f.pace(sliceTime / 4)
	}
	if f.slice != largestSlice {
		t.Errorf("after quick slices they have %d units", f.slice)
	}
	if f.pace(10 * sliceTime); f.slice != largestSlice/10 {
		t.Errorf("after one that took ten times as long as it should: %d", f.slice)
	}
	if f.pace(sliceTime - 1); f.slice != largestSlice/10 {
		t.Errorf("after one that took as long as it should: %d", f.slice)
	}
	if f.pace(1000 * sliceTime); f.slice != smallestSlice {
		t.Errorf("after one of half a second: %d", f.slice)
	}
}
