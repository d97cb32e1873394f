package rewrite_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tetratelabs/wazero"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// TestIllTypedStaysIllTyped has bodies that would type-check if they could
// reach what is added to them.
func TestIllTypedStaysIllTyped(t *testing.T) {
	drop := op(0x1a)
	loop := cat(op(0x03, []byte{empty}), end())
	call := op(0x10, uleb(0))
	tests := map[string][]byte{
		"takes from below the body":     cat(call, drop),
		"takes from below a loop":       cat(i32c(0), op(0x03, []byte{empty}), drop, end()),
		"leaves a value":                cat(call, i32c(0)),
		"returns a value":               cat(call, i32c(0), op(0x0f), op(0x01), i32c(0)),
		"i64 remainder of i32":          cat(i32c(1), i32c(1), op(0x81), drop),
		"remainder of one":              cat(i32c(1), op(0x6f), drop),
		"float of integers":             cat(i32c(1), i32c(1), op(0xa0), drop),
		"NaN of wrong width":            cat(f32c(0), op(0x9f), drop),
		"grow by i64":                   cat(i64c(1), op(0x40, uleb(0)), drop),
		"fill without length":           cat(i32c(0), i32c(0), op(0xfc0b, uleb(0))),
		"branch with too little":        cat(op(0x02, []byte{byte(i32)}), op(0x0c, uleb(0)), end(), drop),
		"loop result missing":           cat(loop, drop),
		"if without else has no result": cat(i32c(1), op(0x04, []byte{byte(i32)}), i32c(1), end(), drop),
	}
	e := newEngine(t, wazero.NewRuntimeConfigInterpreter())
	for name, body := range tests {
		module := single(nil, nil, nil, body)
		if _, err := e.runtime.CompileModule(e.ctx, module); err == nil {
			t.Errorf("%s: the test's own module type-checks", name)
		}
		out, _, err := rewrite.Rewrite(module, options(nil))
		if err != nil {
			continue
		}
		if _, err := e.runtime.CompileModule(e.ctx, out); err == nil {
			t.Errorf("%s: type-checks once rewritten", name)
		}
	}
}

// TestOneReading writes integers longer than need be. Nothing of that is left
// for the engine to read in a way of its own.
func TestOneReading(t *testing.T) {
	short := single(nil, types(i32), nil, i32c(1), op(0x28, uleb(2), uleb(5)), i32c(1), op(0x04, sleb(-0x40)), end())
	long := single(nil, types(i32), nil,
		[]byte{0x41, 0x81, 0x80, 0x00, 0x28, 0x82, 0x00, 0x85, 0x80, 0x00}, []byte{0x41, 0x81, 0x00, 0x04, 0xc0, 0x7f}, end())
	a, b := rewritten(t, short, options(nil)), rewritten(t, long, options(nil))
	if !bytes.Equal(a, b) {
		t.Errorf("two spellings of a module differ once rewritten:\n%x\n%x", a, b)
	}
}

// TestInfo describes a module that has some of everything.
func TestInfo(t *testing.T) {
	module := wasm(
		section{0, append(str("producers"), 1, 2, 3)},
		section{1, vec(ftype(nil, nil), ftype(types(i64), nil))},
		section{2, vec(cat(str("krako"), str("log"), []byte{0, 1}))},
		section{3, vec(uleb(0))},
		section{5, vec([]byte{1, 2, 0x80, 0x80, 0x04})},
		section{6, vec(cat([]byte{byte(i32), 0}, i32c(1), end()), cat([]byte{byte(f64), 1}, f64c(0), end()))},
		section{7, vec(export("run", 0, 1), export("memory", 2, 0))},
		section{8, uleb(1)},
		section{10, vec(fn(nil))},
		section{11, vec(cat([]byte{0}, i32c(8), end(), str("late")), cat([]byte{0}, i32c(0), end(), str("earlier")))},
	)
	_, got, err := rewrite.Rewrite(module, options(logImport))
	if err != nil {
		t.Fatal(err)
	}
	want := rewrite.Info{
		Version:      "krako-rw/1",
		Imports:      []rewrite.Import{{Module: "krako", Name: "log"}},
		Exports:      []rewrite.Export{{Name: "run", Kind: rewrite.KindFunc}, {Name: "memory", Kind: rewrite.KindMemory}},
		HasMemory:    true,
		MemoryMin:    2,
		MemoryMax:    1024,
		Start:        "__krako_start",
		FuelGlobal:   "__krako_fuel",
		DepthGlobal:  "__krako_depth",
		StackUnits:   4_000_000,
		Globals:      []rewrite.Global{{Export: "__krako_global_1", Type: f64}},
		Snapshotable: true,
		Data:         []rewrite.Segment{{Offset: 0, Bytes: []byte("earlier\x00late")}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// TestSnapshotable names what a snapshot of memory and globals would miss.
func TestSnapshotable(t *testing.T) {
	tests := []struct {
		module []byte
		want   string
	}{
		{instructionModule(nil, i32c(0), i32c(0), i32c(0), op(0xfc0a, []byte{0, 0})), ""},
		{instructionModule(nil, i32c(0), i32c(0), i32c(0), op(0xfc08, []byte{0, 0})), "function 0 uses memory.init"},
		{instructionModule(nil, op(0xfc09, []byte{0})), "function 0 uses data.drop"},
		{instructionModule(nil, i32c(0), op(0xd0, []byte{0x70}), op(0x26, []byte{0})), "function 0 uses table.set"},
		{instructionModule(nil, op(0xfc0d, []byte{0})), "function 0 uses elem.drop"},
		{with(section{6, vec(cat([]byte{byte(v128), 1}, v128c(0, 0), end()))}), "mutable global 0 is a v128"},
		{with(section{6, vec(cat([]byte{0x70, 1}, op(0xd0, []byte{0x70}), end()))}), "mutable global 0 is a funcref"},
	}
	for _, test := range tests {
		_, info, err := rewrite.Rewrite(test.module, options(nil))
		if err != nil || info.NotSnapshotable != test.want || info.Snapshotable != (test.want == "") {
			t.Errorf("got %v %q, %v; want %q", info.Snapshotable, info.NotSnapshotable, err, test.want)
		}
	}
}

// TestStartIsExported keeps instantiation from running anything.
func TestStartIsExported(t *testing.T) {
	module := with(
		section{6, vec(cat([]byte{byte(i32), 1}, i32c(1), end()))},
		section{7, vec(export("g0", 3, 0))},
		section{8, uleb(0)},
		code(i32c(2), op(0x24, uleb(0))),
	)
	i := newEngine(t, wazero.NewRuntimeConfigInterpreter()).start(rewritten(t, module, options(nil)))
	if g := i.globals(); g != " 1" {
		t.Errorf("global is %s after instantiation", g)
	}
	if o := i.call(rewrite.StartExport, plenty, plenty); o.globals != " 2" || o.fuel != 2 {
		t.Errorf("start function: %v", o)
	}
}

// TestOmittedData leaves memory to the host but for passive segments; active
// ones are empty to instructions with and without.
func TestOmittedData(t *testing.T) {
	init := func(segment uint64) []byte {
		return wasm(
			section{1, vec(ftype(types(i32), types(i32)))},
			section{3, vec(uleb(0))},
			section{5, vec([]byte{0, 1})},
			section{7, vec(export("f", 0, 0), export("memory", 2, 0))},
			section{12, uleb(2)},
			section{10, vec(fn(nil, i32c(0), i32c(0), get(0), op(0xfc08, uleb(segment), uleb(0)), i32c(0), op(0x28, uleb(0), uleb(0))))},
			section{11, vec(cat([]byte{0}, i32c(0), end(), str("active")), cat([]byte{1}, str("passive")))},
		)
	}
	tests := []struct {
		segment uint64
		omit    bool
		length  uint64
		want    string
	}{
		{0, false, 0, words([]uint64{0x69746361})},
		{0, false, 1, "wasm error: out of bounds memory access"},
		{0, true, 0, words([]uint64{0})},
		{0, true, 1, "wasm error: out of bounds memory access"},
		{1, false, 4, words([]uint64{0x73736170})},
		{1, true, 4, words([]uint64{0x73736170})},
	}
	for _, e := range engines(t) {
		for _, test := range tests {
			opts := options(nil)
			opts.OmitData = test.omit
			if o := e.start(rewritten(t, init(test.segment), opts)).call("f", plenty, plenty, test.length); o.results != test.want {
				t.Errorf("%+v: got %s", test, o.results)
			}
		}
	}
}

// TestGrowth lowers maxima to the limits, so that growing fails there on every
// engine.
func TestGrowth(t *testing.T) {
	module := wasm(
		section{1, vec(ftype(types(i32), types(i32)))},
		section{3, vec(uleb(0), uleb(0))},
		section{4, vec([]byte{0x70, 0, 1})},
		section{5, vec([]byte{0, 1})},
		section{7, vec(export("memory", 0, 0), export("table", 0, 1))},
		section{10, vec(fn(nil, get(0), op(0x40, uleb(0))), fn(nil, op(0xd0, []byte{0x70}), get(0), op(0xfc0f, uleb(0))))},
	)
	opts := options(nil)
	opts.Limits.MemoryPages, opts.Limits.TableElements = 3, 5
	const refused = 0xffffffff
	for _, e := range engines(t) {
		i := e.start(rewritten(t, module, opts))
		for _, call := range []struct {
			name       string
			arg, want  uint64
			fuel, cost int64
		}{
			{"memory", 3, refused, plenty, 65 + 3*4096},
			{"memory", 2, 1, plenty, 65 + 2*4096},
			{"memory", 1, refused, plenty, 65 + 4096},
			{"table", 5, refused, plenty, 6 + 5},
			{"table", 4, 1, plenty, 6 + 4},
			{"table", 0xffffffff, refused, plenty, 6 + 0xffffffff},
		} {
			if o := i.call(call.name, call.fuel, call.fuel, call.arg); o.results != words([]uint64{call.want}) || o.fuel != call.cost {
				t.Errorf("%+v: got %v", call, o)
			}
		}
	}
}

// TestChargedBeforeDone stops operations whose operands cost too much before
// they do anything.
func TestChargedBeforeDone(t *testing.T) {
	module := single(types(i32), nil, nil, i32c(0), i32c(1), get(0), op(0xfc0b, uleb(0)))
	for _, e := range engines(t) {
		i := e.start(rewritten(t, module, options(nil)))
		if o := i.call("f", 100, 100, 65536); o.results != "out of fuel" || o.fuel != 7+8192 {
			t.Errorf("got %v", o)
		}
		if b, _ := i.Memory().ReadByte(0); b != 0 {
			t.Error("memory was filled")
		}
		if o := i.call("f", 8199, 8199, 65536); o.results != "" {
			t.Errorf("got %v", o)
		}
	}
}

// TestFuelOfTrap charges a trapped guest for all it did.
func TestFuelOfTrap(t *testing.T) {
	module := single(types(i32), nil, nil,
		op(0x03, []byte{empty}), get(0), i32c(1), op(0x6b), tee(0), op(0x0d, uleb(0)), end(), op(0x00))
	for _, e := range engines(t) {
		if o := e.start(rewritten(t, module, options(nil))).call("f", plenty, plenty, 1000); o.results != "wasm error: unreachable" || o.fuel != 5000 {
			t.Errorf("got %v", o)
		}
	}
}

// TestSameForSame runs twice with equal arguments.
func TestSameForSame(t *testing.T) {
	for seed := range uint64(50) {
		module := generate(seed, variant{})
		if !bytes.Equal(rewritten(t, module, options(logImport)), rewritten(t, bytes.Clone(module), options(logImport))) {
			t.Fatalf("seed %d differs", seed)
		}
	}
}

// TestWorkOnReturn recurses deeply and does its work on the way back, where no
// function is entered and no loop begins.
func TestWorkOnReturn(t *testing.T) {
	const work = 5000
	module := single(types(i32), nil, nil,
		get(0), op(0x45), op(0x04, []byte{empty}), op(0x0f), end(),
		get(0), i32c(1), op(0x6b), op(0x10, uleb(0)),
		i32c(0), op(0x0d, uleb(0)), bytes.Repeat(cat(i32c(0), op(0x1a)), work))
	const frames = 1500
	for _, e := range engines(t) {
		i := e.start(rewritten(t, module, options(nil)))
		all := i.call("f", plenty, plenty, frames)
		if all.results != "" || all.fuel < frames*work {
			t.Fatalf("got %v", all)
		}
		budget := int64(100 * work)
		if o := i.call("f", budget, budget, frames); o.results != "out of fuel" || o.fuel > budget+2*work {
			t.Errorf("used %d of %d: %s", o.fuel, budget, o.results)
		}
	}
}
