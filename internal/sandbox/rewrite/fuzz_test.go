package rewrite_test

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// FuzzRewrite feeds hostile bytes. They are refused with an error of the
// contracts or rewritten; what the engine accepts it must accept rewritten, and
// what it refuses it must refuse.
func FuzzRewrite(f *testing.F) {
	for _, k := range kernels {
		if k.file != goKernels {
			f.Add(readKernel(f, k.file), false)
		}
	}
	for seed := range uint64(20) {
		f.Add(generate(seed, variant{}), seed%2 == 0)
	}
	for _, code := range allOpcodes() {
		f.Add(instructionModule(nil, op(0x00), op(code, immediates(code))), false)
	}
	e := newEngine(f, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(1024))
	f.Fuzz(func(t *testing.T, module []byte, yield bool) { checkHostile(t, e, module, yield) })
}

// FuzzBody feeds hostile code in a module that is otherwise in order and has one
// of everything that code may name.
func FuzzBody(f *testing.F) {
	for _, code := range allOpcodes() {
		f.Add(cat(op(0x00), op(code, immediates(code))), false)
		f.Add(cat(i32c(0), op(0x03, []byte{empty}), f64c(0), f32c(0), i32c(0), op(code, immediates(code)), end()), true)
	}
	e := newEngine(f, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(1024))
	f.Fuzz(func(t *testing.T, code []byte, yield bool) {
		checkHostile(t, e, instructionModule(nil, code), yield)
	})
}

// FuzzMetered has the input choose a module, and compares it rewritten with it as
// it is: results, memory, fuel to the unit, and where little fuel stops it.
func FuzzMetered(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(binary.LittleEndian.AppendUint64(nil, seed*0x9e3779b97f4a7c15), uint16(100*seed))
	}
	shared := engines(f)
	f.Fuzz(func(t *testing.T, choices []byte, budget uint16) {
		all := shared
		for i, e := range shared {
			all[i] = &engine{t: t, runtime: e.runtime, ctx: e.ctx}
		}
		write := func(v variant) []byte { return generateFrom(&choice{rest: choices}, v) }
		checkMetered(t, all, "module", write)
		exhaust(t, builds(t, all, write(variant{endless: budget%2 == 1})), "module", []int64{int64(budget)}, map[string]int{})
	})
}

// choice is chance as bytes say and, when there are no more, as they said.
type choice struct {
	rest []byte
	last uint64
}

// Uint64 implements rand.Source.
func (c *choice) Uint64() uint64 {
	n := min(2, len(c.rest))
	for _, b := range c.rest[:n] {
		c.last = c.last<<8 | uint64(b)
	}
	c.rest = c.rest[n:]
	c.last = c.last*6364136223846793005 + 1442695040888963407
	return bits.ReverseBytes64(c.last)
}

func checkHostile(t *testing.T, e *engine, module []byte, yield bool) {
	opts := options(logImport)
	opts.Yield = yield
	opts.Limits.LocalsTotal = 1 << 12 // the engine makes a slice of them
	out, info, err := rewrite.Rewrite(module, opts)
	if err != nil {
		if bad, ok := errors.AsType[*contracts.Error](err); !ok || bad.Code != contracts.CodeValidation || bad.Offender == "" || out != nil {
			t.Fatalf("refused with %v", err)
		}
		return
	}
	if info.Version != rewrite.Version {
		t.Fatal("no version")
	}
	before, after := e.accepts(withoutCustom(module)), e.accepts(out)
	if (before == nil) != (after == nil) && !laxness(after) {
		t.Fatalf("the engine says %v, and once rewritten %v", before, after)
	}
}

func (e *engine) accepts(module []byte) error {
	compiled, err := e.runtime.CompileModule(e.ctx, module)
	if err == nil {
		_ = compiled.Close(e.ctx)
	}
	return err
}

// withoutCustom returns a module that has been admitted without its custom
// sections, which the engine refuses if they are not well-formed.
func withoutCustom(module []byte) []byte {
	out := append([]byte(nil), module[:8]...)
	for rest := module[8:]; len(rest) > 0; {
		size, n := uint64(0), 1
		for shift := 0; ; shift += 7 {
			size |= uint64(rest[n]&0x7f) << shift
			n++
			if rest[n-1] < 0x80 {
				break
			}
		}
		if rest[0] != 0 {
			out = append(out, rest[:n+int(size)]...)
		}
		rest = rest[n+int(size):]
	}
	return out
}

// laxness tells an error for which the engine refuses a block but not, against
// the specification, a function: values left over in unreachable code.
func laxness(err error) bool {
	return err != nil && strings.Contains(err.Error(), "too many results\n\thave (unknown")
}
