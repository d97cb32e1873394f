package rewrite_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// wantInvalid checks that a module is refused, and for what.
func wantInvalid(t *testing.T, module []byte, offender, message string) {
	t.Helper()
	out, _, err := rewrite.Rewrite(module, options(logImport))
	e, ok := errors.AsType[*contracts.Error](err)
	switch {
	case !ok:
		t.Errorf("%s: got error %v, want one of the contracts", message, err)
	case e.Code != contracts.CodeValidation || !strings.HasPrefix(e.Offender, offender) || !strings.Contains(e.Message, message):
		t.Errorf("got %v,\nwant VALIDATION_ERROR: %s: %s", e, offender, message)
	case out != nil:
		t.Errorf("%s: refused, but returned %d bytes", message, len(out))
	}
}

// noop is the type and body of a function of type () -> ().
var noop = []section{{1, vec(ftype(nil, nil))}, {3, vec(uleb(0))}}

// with returns a module of sections, each replacing or following those of noop
// and a body for it.
func with(extra ...section) []byte {
	have := append(append([]section{}, noop...), section{10, vec(fn(nil))})
	for _, s := range extra {
		at := len(have)
		for i := range have {
			if order(have[i].id) >= order(s.id) {
				at = i
				break
			}
		}
		tail := have[at:]
		if len(tail) > 0 && tail[0].id == s.id {
			tail = tail[1:]
		}
		have = append(append(append([]section{}, have[:at]...), s), tail...)
	}
	return wasm(have...)
}

// order is where a section comes; the data count is before the code.
func order(id byte) int {
	if id == 12 {
		return 19
	}
	return int(id) * 2
}

func code(body ...[]byte) section { return section{10, vec(fn(nil, body...))} }

// TestRefusedModules has a case for every rule of admission but for the sets of
// instructions and operands.
func TestRefusedModules(t *testing.T) {
	memory := section{5, vec([]byte{0, 1})}
	table := section{4, vec([]byte{0x70, 0, 2})}
	tests := []struct {
		name     string
		module   []byte
		offender string
		message  string
	}{
		{"magic", []byte("\x00asn\x01\x00\x00\x00"), "module", "not a WebAssembly binary"},
		{"short", []byte("\x00asm"), "module", "not a WebAssembly binary"},
		{"version", []byte("\x00asm\x02\x00\x00\x00"), "module at 0x4", "binary version 2 is not 1"},
		{"component", []byte("\x00asm\x0d\x00\x01\x00"), "module at 0x4", "a component"},
		{"too large", append(with(), make([]byte, 8<<20)...), "module", "the limit is 8388608"},
		{"truncated section", append(with(), 11, 9), "module", "unexpected end"},
		{"unknown section", append(with(), 14, 0), "module at", "unknown section 14"},
		{"tag section", append(with(), 13, 1, 0), "module at", "exception handling"},
		{"repeated section", append(with(), 10, 1, 0), "module at", "section code is repeated or out of order"},
		{"section order", wasm(noop[1], noop[0]), "section function", "type 0 of 0"},
		{"left over", with(section{5, []byte{0, 0}}), "section memory", "1 bytes left over"},
		{"bodies", wasm(noop[0], noop[1]), "section code", "0 bodies for 1 functions"},

		{"type form", with(section{1, vec([]byte{0x5f, 0})}), "section type", "garbage collection"},
		{"value type", with(section{1, vec([]byte{0x60, 1, 0x64, 0})}), "section type", "value type 0x64"},
		{"parameters", with(section{1, vec(ftype(make([]rewrite.ValType, 257), nil))}), "section type", "257 parameters, the limit is 256"},
		{"results", with(section{1, vec(ftype(nil, make([]rewrite.ValType, 65)))}), "section type", "65 results, the limit is 64"},
		{"types", with(section{1, append(uleb(10_001), make([]byte, 40_000)...)}), "section type", "10001 types, the limit is 10000"},
		{"count", with(section{1, append(uleb(100), 0x60)}), "section type", "100 types in 1 bytes"},

		{"import", with(section{2, vec(cat(str("env"), str("abort"), []byte{0, 0}))}), "import env.abort at", "not in the profile"},
		{"import type", with(section{2, vec(cat(str("krako"), str("log"), []byte{0, 0}))}), "import krako.log at", "has type () -> (), want (i64) -> ()"},
		{"import of ours", with(section{2, vec(cat(str("krako"), str("trap"), []byte{0, 0}))}), "import krako.trap at", "not in the profile"},
		{"import memory", with(section{2, vec(cat(str("env"), str("memory"), []byte{2, 0, 1}))}), "import env.memory at", "only functions may be imported"},
		{"import name", with(section{2, vec(cat([]byte{1, 0xff}, str(""), []byte{0, 0}))}), "section import", "not UTF-8"},
		{"imports", with(section{2, append(uleb(257), make([]byte, 2000)...)}), "section import", "257 imports, the limit is 256"},

		{"functions", with(section{3, append(uleb(50_001), make([]byte, 50_001)...)}), "section function", "50001 functions, the limit is 50000"},
		{"function type", with(section{3, vec(uleb(1))}), "section function", "type 1 of 1"},

		{"table type", with(section{4, vec([]byte{0x64, 0x70, 0, 1})}), "section table", "reference type 0x64"},
		{"table init", with(section{4, vec([]byte{0x40, 0, 0x70, 0, 1})}), "section table", "reference type 0x40"},
		{"table size", with(section{4, vec(cat([]byte{0x70, 0}, uleb(1<<20+1)))}), "section table", "the limit is 1048576"},
		{"table limits", with(section{4, vec([]byte{0x70, 1, 2, 1})}), "section table", "minimum 2 is above maximum 1"},
		{"tables", with(section{4, append(uleb(17), make([]byte, 60)...)}), "section table", "17 tables, the limit is 16"},

		{"memories", with(section{5, vec([]byte{0, 1}, []byte{0, 1})}), "section memory", "2 memories, the profile has one"},
		{"shared memory", with(section{5, vec([]byte{3, 1, 1})}), "section memory", "threads"},
		{"64-bit memory", with(section{5, vec([]byte{4, 1})}), "section memory", "64-bit memory"},
		{"memory minimum", with(section{5, vec(cat([]byte{0}, uleb(1025)))}), "section memory", "1025 pages, the limit is 1024"},
		{"memory maximum", with(section{5, vec(cat([]byte{1, 0}, uleb(65537)))}), "section memory", "above 65536"},

		{"global type", with(section{6, vec(cat([]byte{0x63, 0}, i32c(0), end()))}), "section global", "value type 0x63"},
		{"mutability", with(section{6, vec(cat([]byte{0x7f, 2}, i32c(0), end()))}), "section global", "mutability 0x2"},
		{"initial type", with(section{6, vec(cat([]byte{0x7f, 0}, i64c(0), end()))}), "section global", "constant of type i64, want i32"},
		{"extended constant", with(section{6, vec(cat([]byte{0x7f, 0}, i32c(0), i32c(0), op(0x6a), end()))}), "section global", "more than one instruction"},
		{"initial global", with(section{6, vec(cat([]byte{0x7f, 0}, op(0x23, uleb(0)), end()))}), "section global", "constant expressions"},
		{"globals", with(section{6, append(uleb(513), make([]byte, 3000)...)}), "section global", "513 globals, the limit is 512"},

		{"reserved export", with(section{7, vec(export("__krako_fuel", 0, 0))}), "export __krako_fuel at", "reserved"},
		{"exported twice", with(section{7, vec(export("f", 0, 0), export("f", 0, 0))}), "export f at", "exported twice"},
		{"export index", with(section{7, vec(export("f", 0, 1))}), "export f at", "function 1 of 1"},
		{"export kind", with(section{7, vec(export("f", 4, 0))}), "export f at", "export kind 4"},
		{"export memory", with(section{7, vec(export("m", 2, 0))}), "export m at", "memory 0 of 0"},

		{"start index", with(section{8, uleb(1)}), "section start", "function 1 of 1"},
		{"start type", with(section{1, vec(ftype(nil, types(i32)))}, section{8, uleb(0)}), "section start", "has type () -> (i32), want () -> ()"},
		{"start import", with(section{1, vec(ftype(nil, nil), ftype(types(i64), nil))}, section{2, vec(cat(str("krako"), str("log"), []byte{0, 1}))}, section{8, uleb(0)}),
			"section start", "function 0 is imported"},

		{"element flags", with(table, section{9, vec([]byte{8})}), "section element", "flags 0x8"},
		{"element kind", with(table, section{9, vec([]byte{1, 1, 0})}), "section element", "element kind 0x1"},
		{"element function", with(table, section{9, vec([]byte{1, 0, 1, 1})}), "section element", "function 1 of 1"},
		{"element table", with(section{9, vec(cat([]byte{0}, i32c(0), end(), vec(uleb(0))))}), "section element", "table 0 of 0"},
		{"element range", with(table, section{9, vec(cat([]byte{0}, i32c(2), end(), vec(uleb(0))))}), "section element", "elements 2 to 3 in table 0 of 2"},
		{"element type", with(section{4, vec([]byte{0x6f, 0, 2})}, section{9, vec(cat([]byte{0}, i32c(0), end(), vec(uleb(0))))}),
			"section element", "elements of type funcref in table 0 of type externref"},

		{"data flags", with(memory, section{11, vec([]byte{3})}), "section data", "flags 0x3"},
		{"data without memory", with(section{11, vec(cat([]byte{0}, i32c(0), end(), str("x")))}), "section data", "without a memory"},
		{"data range", with(memory, section{11, vec(cat([]byte{0}, i32c(65535), end(), str("xy")))}), "section data", "data segment 0 ends at 65537, the memory at 65536"},
		{"data memory", with(memory, section{11, vec(cat([]byte{2, 1}, i32c(0), end(), str("x")))}), "section data", "memory index 1"},
		{"data count", with(memory, section{12, uleb(2)}, section{11, vec(cat([]byte{1}, str("x")))}), "section data", "1 segments, the data count section says 2"},

		{"body size", with(section{10, vec(append(uleb(512<<10+1), make([]byte, 512<<10+1)...))}), "function 0 at", "the limit is 524288"},
		{"locals", with(section{10, vec(cat(uleb(5), vec(cat(uleb(4097), []byte{byte(i32)})), end()))}), "function 0 at", "more than 4096 locals"},
		{"local type", with(section{10, vec([]byte{4, 1, 1, 0x40, 0x0b})}), "function 0 at", "value type 0x40"},
		{"unclosed body", with(section{10, vec([]byte{1, 0})}), "function 0 at", "unexpected end"},
		{"code after the end", with(code(end(), op(0x01))), "function 0 at", "code after the end"},
		{"else", with(code(op(0x05))), "function 0 at", "else without if"},
		{"second else", with(code(i32c(0), op(0x04, []byte{empty}), op(0x05), op(0x05), end())), "function 0 at", "else without if"},
		{"label", with(code(op(0x0c, uleb(1)))), "function 0 at", "label 1 of 1"},
		{"dead label", with(code(op(0x00), op(0x0c, uleb(1)))), "function 0 at", "label 1 of 1"},
		{"labels", with(code(i32c(0), op(0x0e, vec(uleb(0)), uleb(1)))), "function 0 at", "label 1 of 1"},
		{"block type", with(code(op(0x02, sleb(1)), end())), "function 0 at", "type 1 of 1"},
		{"block value type", with(code(op(0x02, []byte{0x64}), end())), "function 0 at", "block type -28"},
		{"local", with(code(get(0), op(0x1a))), "function 0 at", "local 0 of 0"},
		{"global", with(code(op(0x23, uleb(0)), op(0x1a))), "function 0 at", "global 0 of 0"},
		{"callee", with(code(op(0x10, uleb(1)))), "function 0 at", "function 1 of 1"},
		{"indirect type", with(table, code(i32c(0), op(0x11, uleb(1), uleb(0)))), "function 0 at", "type 1 of 1"},
		{"indirect table", with(table, code(i32c(0), op(0x11, uleb(0), uleb(1)))), "function 0 at", "table 1 of 1"},
		{"segment", with(memory, code(op(0xfc09, uleb(0)))), "function 0 at", "without a data count section"},
		{"elements", with(code(op(0xfc0d, uleb(0)))), "function 0 at", "element segment 0 of 0"},
		{"select", with(code(op(0x1c, vec()))), "function 0 at", "select of 0 types"},
		{"alignment flags", with(memory, code(i32c(0), op(0x28, uleb(0x42), uleb(0), uleb(0)))), "function 0 at", "multiple memories"},
		{"memory index", with(memory, code(op(0x3f, uleb(1)))), "function 0 at", "memory index 1"},
		{"nesting", with(code(bytes.Repeat(op(0x02, []byte{empty}), 4097))), "function 0 at", "nested deeper than 4096"},
		{"overlong integer", with(code([]byte{0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x1a})), "function 0 at", "does not fit 32 bits"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantInvalid(t, test.module, test.offender, test.message) })
	}
}

// TestOffenderNamesFunction uses the name section, however much of it is there.
func TestOffenderNamesFunction(t *testing.T) {
	bad := code(op(0x06))
	names := func(content []byte) section { return section{0, append(str("name"), content...)} }
	full := names(cat([]byte{1, 7}, vec(cat(uleb(0), str("main")))))
	wantInvalid(t, append(with(bad), wasm(full)[8:]...), "function 0 (main) at", "exception handling")
	broken := names([]byte{1, 99, 1, 0})
	wantInvalid(t, append(with(bad), wasm(broken)[8:]...), "function 0 at", "exception handling")
}

// TestLocalsOfAllFunctions bounds what few bytes can declare.
func TestLocalsOfAllFunctions(t *testing.T) {
	var functions, bodies [][]byte
	for range 600 {
		functions = append(functions, uleb(0))
		bodies = append(bodies, []byte{5, 1, 0x80, 0x20, byte(i64), 0x0b})
	}
	module := wasm(noop[0], section{3, vec(functions...)}, section{10, vec(bodies...)})
	wantInvalid(t, module, "function 512 at", "more than 2097152 locals in all functions together")
}

// TestCodeOfAllFunctions bounds what rewriting makes of a module that is all
// unsigned remainders.
func TestCodeOfAllFunctions(t *testing.T) {
	var functions, bodies [][]byte
	for range 5 {
		functions = append(functions, uleb(0))
		bodies = append(bodies, fn(nil, bytes.Repeat(op(0x70), 500_000)))
	}
	module := wasm(noop[0], section{3, vec(functions...)}, section{10, vec(bodies...)})
	wantInvalid(t, module, "function 4 at", "more than 33554432 bytes of code once rewritten")
}
