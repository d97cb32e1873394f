package sdk_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
)

// build compiles a program of testdata for the sandbox.
func build(t testing.TB, program string, flags ...string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), program+".wasm")
	args := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", out}, flags...)
	cmd := exec.CommandContext(t.Context(), "go", append(args, "./testdata/"+program)...)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", program, err, text)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

const asReactor = "-buildmode=c-shared"

// guest is a module in a sandbox of its own.
type guest struct {
	*sandbox.Sandbox
	module *sandbox.Module
}

func admit(t testing.TB, wasm []byte, engine sandbox.Engine) guest {
	t.Helper()
	s, err := sandbox.New(context.Background(), sandbox.Config{Engine: engine})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	m, err := s.Admit(context.Background(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	return guest{s, m}
}

func (g guest) run(t testing.TB, entry, input string, blobs map[string][]byte) sandbox.Outcome {
	t.Helper()
	o, err := g.Run(context.Background(), sandbox.Job{
		Module: g.module, Entry: entry, Input: []byte(input), Blobs: blobs, Unit: dagcbor.RawCID([]byte(entry + input)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// The interpreter compiles nothing, which makes it the faster engine for a few
// short units.
func TestBothABIsRunTheSameProgram(t *testing.T) {
	reactor := admit(t, build(t, "guest", asReactor), sandbox.EngineInterpreter)
	command := admit(t, build(t, "guest", "-tags=krako_command"), sandbox.EngineInterpreter)
	if reactor.module.ABI() != sandbox.ABIReactor || command.module.ABI() != sandbox.ABICommand {
		t.Fatalf("ABIs are %s and %s", reactor.module.ABI(), command.module.ABI())
	}
	blobs := map[string][]byte{"text": []byte("kraken"), "long": []byte(strings.Repeat("0123456789", 2_000)), "none": {}}
	long := strings.Repeat("x", 66_000) // more than the arena
	for _, tc := range []struct {
		name, entry, input string
		output, media, log string
	}{
		{"json", "sum", `{"name":"a<b","values":[1,2.5]}`, `{"name":"a<b","sum":3.5,"count":2}`, "application/json", ""},
		{"long input", "repeat", `{"text":"` + long + `","times":2}`, `"` + long + long + `"`, "application/json", ""},
		{"blobs", "blobs", `{}`, fmt.Sprintf(`{"long":%q,"none":"","text":"kraken"}`, blobs["long"]), "application/json", ""},
		{"bytes and log", "upper", `{}`, "KRAKEN", "text/plain", "read 6 bytes\n"},
		{"first call", "calls", `{}`, "1", "application/json", ""},
		{"second call", "calls", `{}`, "1", "application/json", ""},
	} {
		for name, g := range map[string]guest{"reactor": reactor, "command": command} {
			t.Run(tc.name+"/"+name, func(t *testing.T) {
				o := g.run(t, tc.entry, tc.input, blobs)
				if o.Code != "" || string(o.Output) != tc.output || o.MediaType != tc.media || string(o.Stderr) != tc.log {
					t.Errorf("%s %s, output %.200q of %s, log %q", o.Code, o.Detail, o.Output, o.MediaType, o.Stderr)
				}
			})
		}
	}
	for _, tc := range []struct{ name, entry, input, message string }{
		{"task's error", "fail", `{}`, "failed on purpose"},
		{"bad input", "sum", `{"nome":""}`, `unknown field "nome"`},
		{"no such entry", "product", `{}`, `no entry "product"`},
		{"missing blob", "upper", `{}`, `blob "text": not mounted`},
		{"odd name", `"odd\`, `1`, "cannot unmarshal number"},
		{"panic", "panic", `{}`, "crashed on purpose"},
	} {
		for name, g := range map[string]guest{"reactor": reactor, "command": command} {
			t.Run(tc.name+"/"+name, func(t *testing.T) {
				o := g.run(t, tc.entry, tc.input, nil)
				if said := o.Detail + string(o.Stderr); o.Code != contracts.CodeExitNonzero || !strings.Contains(said, tc.message) {
					t.Errorf("%s %q, want a failure that says %q", o.Code, said, tc.message)
				}
			})
		}
	}
}

func TestReactorThatNobodyCallsSaysSo(t *testing.T) {
	o := admit(t, build(t, "orphan", asReactor), sandbox.EngineInterpreter).run(t, "one", `{}`, nil)
	if o.Code != contracts.CodeExitNonzero || !strings.Contains(o.Detail, "func init() { main() }") {
		t.Errorf("%s: %s", o.Code, o.Detail)
	}
}
