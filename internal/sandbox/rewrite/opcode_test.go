package rewrite_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// instructionModule has one of everything an instruction may name, and a body.
func instructionModule(results []rewrite.ValType, code ...[]byte) []byte {
	return wasm(
		section{1, vec(ftype(nil, results), ftype(types(i32), types(i32)))},
		section{3, vec(uleb(0), uleb(1))},
		section{4, vec([]byte{0x70, 0, 2})},
		section{5, vec([]byte{0, 1})},
		section{6, vec(cat([]byte{byte(i32), 1}, i32c(0), end()))},
		section{7, vec(export("f", 0, 0))},
		section{9, vec(cat([]byte{1, 0}, vec(uleb(1))))},
		section{12, uleb(1)},
		section{10, vec(fn(types(i32), code...), fn(nil, get(0)))},
		section{11, vec(cat([]byte{1}, str("data")))},
	)
}

// immediates returns what may follow an opcode, for all opcodes of the engine.
func immediates(code int) []byte {
	switch {
	case code == 0x02 || code == 0x03 || code == 0x04:
		return []byte{empty}
	case code >= 0x0c && code <= 0x0d, code >= 0x20 && code <= 0x26, code == 0x3f, code == 0x40, code == 0x10, code == 0xd2:
		return []byte{0}
	case code == 0x0e:
		return []byte{0, 0}
	case code == 0x11:
		return []byte{1, 0}
	case code == 0x1c:
		return []byte{1, byte(i32)}
	case code >= 0x28 && code <= 0x3e:
		return []byte{0, 0}
	case code == 0x41 || code == 0x42:
		return []byte{0}
	case code == 0x43:
		return make([]byte, 4)
	case code == 0x44:
		return make([]byte, 8)
	case code == 0xd0:
		return []byte{0x70}
	case code == 0xfc08, code == 0xfc0a, code == 0xfc0c, code == 0xfc0e:
		return []byte{0, 0}
	case code >= 0xfc09 && code <= 0xfc11:
		return []byte{0}
	case code >= 0xfd00 && code <= 0xfd0b, code == 0xfd5c, code == 0xfd5d:
		return []byte{0, 0}
	case code == 0xfd0c || code == 0xfd0d:
		return make([]byte, 16)
	case code >= 0xfd15 && code <= 0xfd22:
		return []byte{0}
	case code >= 0xfd54 && code <= 0xfd5b:
		return []byte{0, 0, 0}
	}
	return nil
}

// allOpcodes are those of one byte and behind the prefixes of the profile.
func allOpcodes() []int {
	var codes []int
	for _, base := range []int{0, 0xfc00, 0xfd00} {
		for n := range 0x100 {
			if base != 0 || n < 0xfc || n == 0xfe {
				codes = append(codes, base+n)
			}
		}
	}
	return codes
}

// TestInstructionSet admits just the instructions that the engine does with the
// features of the profile. In unreachable code any operands will do.
func TestInstructionSet(t *testing.T) {
	e := newEngine(t, wazero.NewRuntimeConfigInterpreter())
	admitted := 0
	for _, code := range allOpcodes() {
		body := cat(op(0x00), op(code, immediates(code)))
		switch code {
		case 0x02, 0x03, 0x04:
			body = append(body, 0x0b)
		case 0x05, 0x0b: // they belong to others
			continue
		}
		module := instructionModule(nil, body, op(0x00))
		_, err := e.runtime.CompileModule(e.ctx, module)
		out, _, refusal := rewrite.Rewrite(module, options(nil))
		if (err == nil) != (refusal == nil) {
			t.Errorf("opcode %#x: engine says %v, profile says %v", code, err, refusal)
		}
		if refusal != nil {
			continue
		}
		admitted++
		if _, err := e.runtime.CompileModule(e.ctx, out); err != nil {
			t.Errorf("opcode %#x: rewritten: %v", code, err)
		}
	}
	if want := 435; admitted != want {
		t.Errorf("%d instructions admitted, want %d", admitted, want)
	}
}

// TestOperands checks, for every instruction that is followed on the operand
// stack by its counts of operands and results, that there are operand types
// with which just as many of each type-check.
func TestOperands(t *testing.T) {
	e := newEngine(t, wazero.NewRuntimeConfigInterpreter())
	for _, code := range allOpcodes() {
		pop, push, ok := rewrite.OperandCounts(code)
		if !ok || code < 0x1a {
			continue
		}
		if !typeChecks(e, code, pop, push) {
			t.Errorf("opcode %#x does not take %d operands and leave %d results", code, pop, push)
		}
	}
}

// typeChecks tries all combinations of operand types.
func typeChecks(e *engine, code, pop, push int) bool {
	kinds := [][]byte{i32c(0), i64c(0), f32c(0), f64c(0), v128c(0, 0), op(0xd0, []byte{0x70})}
	combinations := 1
	for range pop {
		combinations *= len(kinds)
	}
	for n := range combinations {
		var body []byte
		for range pop {
			body = append(body, kinds[n%len(kinds)]...)
			n /= len(kinds)
		}
		body = append(body, op(code, immediates(code))...)
		for range push {
			body = append(body, 0x1a)
		}
		if compiled, err := e.runtime.CompileModule(e.ctx, instructionModule(nil, body)); err == nil {
			_ = compiled.Close(e.ctx)
			return true
		}
	}
	return false
}

// TestCosts charges every instruction, alone in a function, what the table says.
func TestCosts(t *testing.T) {
	for _, code := range allOpcodes() {
		if got, ok := rewrite.Cost(code); ok && got != cost(code) {
			t.Errorf("opcode %#x costs %d, want %d", code, got, cost(code))
		}
	}
}

func TestRefusedInstructions(t *testing.T) {
	tests := []struct {
		code []byte
		want string
	}{
		{[]byte{0x06, empty, 0x0b}, "exception handling (opcode 0x6) is not in the profile"},
		{[]byte{0x12, 0}, "tail call (opcode 0x12) is not in the profile"},
		{[]byte{0x14, 0}, "typed function reference (opcode 0x14) is not in the profile"},
		{[]byte{0xfb, 0, 0}, "garbage collection (opcode 0xfb) is not in the profile"},
		{[]byte{0xfe, 0x10, 2, 0}, "threads (opcode 0xfe) is not in the profile"},
		{[]byte{0xfd, 0x80, 0x02}, "relaxed SIMD (opcode 0xfd0100) is not in the profile"},
		{[]byte{0xfc, 0x12, 0}, "unknown instruction (opcode 0xfc0012) is not in the profile"},
		{[]byte{0xfd, 0xcd, 0x00}, "opcode 0xfd004d is padded"},
		{[]byte{0xfc, 0x80, 0x00}, "opcode 0xfc0000 is padded"},
		{[]byte{0x27}, "unknown instruction (opcode 0x27) is not in the profile"},
	}
	for _, test := range tests {
		module := instructionModule(nil, op(0x00), test.code)
		at := bytes.LastIndex(module, cat(op(0x00), test.code)) + 1
		wantInvalid(t, module, fmt.Sprintf("function 0 at %#x", at), test.want)
	}
}
