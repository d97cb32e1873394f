//go:build !race

package sandbox_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
)

// TestTruncatedModules cuts modules after every byte.
func TestTruncatedModules(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	for _, name := range []string{"exit-zero", "recursion-indirect", "table-bomb"} {
		wasm := guestFile(t, hostileDir+"/"+name+".wasm")
		for n := range wasm {
			m, err := s.Admit(t.Context(), wasm[:n])
			if m != nil {
				t.Fatalf("%s: the first %d of %d bytes were admitted", name, n, len(wasm))
			}
			wantRefusal(t, err)
		}
	}
}

// TestDamagedModules changes a module one byte at a time. What is admitted all
// the same must run to an end of its own.
func TestDamagedModules(t *testing.T) {
	s := newSandbox(t, sandbox.Config{PoolSize: -1, ModuleCacheBytes: 1 << 20})
	wasm := sumC(t)
	admitted := 0
	for at := range wasm {
		for _, b := range []byte{0x00, 0x7f, 0x80, 0xff} {
			bad := slices.Clone(wasm)
			bad[at] = b
			m, err := s.Admit(t.Context(), bad)
			if err != nil {
				wantRefusal(t, err)
				continue
			}
			admitted++
			j := job(m, "sum", `{"values":[1,2]}`)
			j.Fuel = 1_000_000
			if o := run(t, s, j); o.Code != "" && !o.Code.Deterministic() {
				t.Errorf("byte %d as %#x: ended with %s", at, b, o.Code)
			}
		}
	}
	if admitted == 0 {
		t.Error("no damaged module was admitted: the test has lost its point")
	}
}

// wantRefusal checks that an error blames the module and names a part of it.
func wantRefusal(t *testing.T, err error) {
	t.Helper()
	e, ok := contractsError(err)
	if !ok || e.Offender == "" || e.Code != contracts.CodeValidation && e.Code != contracts.CodeResourceExhausted {
		t.Fatalf("refused with %v", err)
	}
}

// TestOverlongIntegers writes a number in more bytes, or with more bits, than
// its type has. Padding within them is allowed.
func TestOverlongIntegers(t *testing.T) {
	constant := func(op byte, b ...byte) []byte { return command(cat([]byte{op}, b, []byte{opDrop})...).bytes() }
	memory := func(b ...byte) []byte {
		w := command()
		w.memory = cat([]byte{0}, b)
		return w.bytes()
	}
	s := newSandbox(t, sandbox.Config{})
	for name, c := range map[string]struct {
		wasm []byte
		good bool
	}{
		"padded i32":          {constant(opI32Const, 0x81, 0x80, 0x80, 0x80, 0x00), true},
		"i32 of 6 bytes":      {constant(opI32Const, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00), false},
		"i32 with more bits":  {constant(opI32Const, 0xff, 0xff, 0xff, 0xff, 0x0f), false},
		"padded i64":          {constant(opI64Const, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00), true},
		"i64 of 11 bytes":     {constant(opI64Const, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00), false},
		"i64 with more bits":  {constant(opI64Const, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), false},
		"padded pages":        {memory(0x81, 0x80, 0x80, 0x80, 0x00), true},
		"pages of 6 bytes":    {memory(0x81, 0x80, 0x80, 0x80, 0x80, 0x00), false},
		"pages with 33 bits":  {memory(0x81, 0x80, 0x80, 0x80, 0x10), false},
		"section of 6 bytes":  {append(command().bytes(), 0, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 0), false},
		"never-ending number": {append(command().bytes(), 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80), false},
	} {
		_, err := s.Admit(context.Background(), c.wasm)
		if c.good && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !c.good {
			wantRefusal(t, err)
		}
	}
}

// TestForeignImports tries, one by one, every name that hosts elsewhere offer
// and this one does not, every name this one has in another module, with
// another type, and as what is no function.
func TestForeignImports(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	refused := 0
	refuse := func(module, name string, declare func(*wasmModule)) {
		t.Helper()
		w := newWasm()
		declare(w)
		w.fn("_start", "", "", 0)
		m, err := s.Admit(context.Background(), w.bytes())
		e, ok := contractsError(err)
		if m != nil || !ok || e.Code != contracts.CodeValidation || !importNamed(e.Offender, module, name) {
			t.Errorf("import %s.%s gave %v", module, name, err)
		}
		refused++
	}
	asFunc := func(module, name, params, results string) func(*wasmModule) {
		return func(w *wasmModule) { w.importFunc(module, name, params, results) }
	}
	for _, module := range slices.Sorted(maps.Keys(foreignNames)) {
		for _, name := range foreignNames[module] {
			refuse(module, name, asFunc(module, name, i32, i32))
		}
	}
	for f, typ := range sandbox.GuestImports() {
		for _, module := range []string{"env", "", "wasi_unstable", "wasi_snapshot_preview2", f.Module + " ", "wasix_32v1"} {
			refuse(module, f.Name, asFunc(module, f.Name, typ.Params, typ.Results))
		}
		refuse(f.Module, f.Name, asFunc(f.Module, f.Name, typ.Params+i32, typ.Results))
		refuse(f.Module, f.Name, asFunc(f.Module, f.Name, typ.Params, typ.Results+f64))
		for _, kind := range [][]byte{{1, 0x70, 0, 1}, {2, 0, 1}, {3, 0x7f, 0}} { // table, memory, global
			refuse(f.Module, f.Name, func(w *wasmModule) {
				w.imports = append(w.imports, cat(wname(f.Module), wname(f.Name), kind))
			})
		}
	}
	t.Logf("%d imports refused", refused)
}

// importNamed reports whether an error's offender is that import.
func importNamed(offender, module, name string) bool {
	want := "import " + module + "." + name
	return len(offender) >= len(want) && offender[:len(want)] == want
}

// foreignNames are functions that other hosts give their guests.
var foreignNames = map[string][]string{
	"krako": {"trap", "yield", "log", "spawn", "open", "http", "clock", "blob_write", "media_type2"},
	"wasi_snapshot_preview1": {
		"sock_open", "sock_bind", "sock_listen", "sock_connect", "sock_getaddrinfo", "sock_getlocaladdr", "sock_getpeeraddr",
		"sock_setsockopt", "sock_getsockopt", "sock_recv_from", "sock_send_to", "sock_lookup_ip", "sock_accept_v2",
		"proc_fork", "proc_exec", "proc_spawn", "proc_join", "thread_spawn", "futex_wait", "fd_dup", "fd_event", "fd_pipe",
		"path_remove", "tty_get", "tty_set", "getcwd", "chdir", "callback_signal", "clock_time_set", "memory_map",
	},
	"wasi":                         {"thread-spawn"},
	"wasi_unstable":                {"fd_write", "fd_read", "path_open", "proc_exit"},
	"wasi_ephemeral_nn":            {"load", "init_execution_context", "set_input", "compute", "get_output"},
	"wasi_ephemeral_crypto_common": {"array_output_len"},
	"wasi_experimental_http":       {"req", "close", "header_get"},
	"wasi:cli/environment@0.2.0":   {"get-environment"},
	"wasi:sockets/tcp@0.2.0":       {"start-connect"},
	"wasi:filesystem/types@0.2.0":  {"[method]descriptor.open-at"},
	"wasix_32v1":                   {"proc_fork", "thread_spawn_v2", "sock_open", "port_bridge", "http_request"},
	"env":                          {"system", "abort", "memory", "emscripten_run_script", "__syscall_openat", "__syscall_socket", "invoke_v", "fopen", "dlopen", "exec"},
	"a":                            {"a", "b", "c"}, // emscripten, minified
	"gojs":                         {"runtime.wasmExit", "runtime.wasmWrite", "syscall/js.valueCall", "syscall/js.valueGet"},
	"go":                           {"debug", "runtime.nanotime1"},
	"spectest":                     {"print", "print_i32", "global_i32", "memory", "table"},
	"wbg":                          {"__wbindgen_throw", "__wbg_fetch"},
	"__wbindgen_placeholder__":     {"__wbindgen_describe"},
	"javy_quickjs_provider_v1":     {"eval_bytecode"},
	"lunatic::process":             {"spawn"},
	"fastly_http_req":              {"send"},
	"spin:http":                    {"handle"},
	"extism:host/env":              {"http_request", "input_load_u8"},
	"host":                         {"call", "exec", "read_file"},
	"rt":                           {"syscall"},
	"":                             {"", "syscall"},
}
