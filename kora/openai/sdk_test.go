package openai_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// sdk is where the programs are that drive a server with OpenAI's own clients. They
// are no part of this module, so that it does not need those clients.
const sdk = "testdata/sdk"

// drive runs a program against a server of its own.
func drive(t *testing.T, dir, program string, arguments ...string) {
	t.Helper()
	base, _ := serve(t)
	cmd := exec.CommandContext(t.Context(), program, append(arguments, base)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	t.Logf("%s", out)
}

// absent skips a test that cannot run here; where KRAKO_REQUIRE_SDKS is set, as
// scripts/test does where it installed them, it fails.
func absent(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("KRAKO_REQUIRE_SDKS") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func TestNodeClient(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		absent(t, "there is no node here")
	}
	if _, err := os.Stat(filepath.Join(sdk, "node_modules", "openai")); err != nil {
		absent(t, "OpenAI's client is not installed: npm ci in kora/openai/"+sdk)
	}
	drive(t, sdk, node, "client.mjs")
}

// TestGoClient compiles OpenAI's client, which takes minutes.
func TestGoClient(t *testing.T) {
	if os.Getenv("KRAKO_REQUIRE_SDKS") == "" {
		t.Skip("compiling OpenAI's client takes minutes; KRAKO_REQUIRE_SDKS=1 does it")
	}
	dir := t.TempDir()
	for _, name := range []string{"main.go", "go.mod", "go.sum"} {
		b, err := os.ReadFile(filepath.Join(sdk, name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	drive(t, dir, "go", "run", ".")
}
