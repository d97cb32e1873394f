package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kora": main})
}

// TestScripts runs testdata/script: what somebody types, and what comes of it. All
// scripts keep compiled tasks in one place, and ask no model.
func TestScripts(t *testing.T) {
	dir := os.Getenv("KRAKO_TEST_CODE_CACHE")
	if dir == "" {
		dir = t.TempDir()
	}
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, "KRAKO_DATA_DIR="+filepath.Join(dir, "kora"), "KRAKO_NO_MODELS=true", "KRAKO_ZONE=UTC", "KRAKO_NOW=2026-11-28T12:00:00Z")
			return nil
		},
	})
}

// exits runs a command that must end with an exit code: exits CODE COMMAND ARGS...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		code = e.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}
