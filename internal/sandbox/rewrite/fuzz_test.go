package rewrite_test

import (
	"errors"
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
