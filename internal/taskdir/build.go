package taskdir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// Built is a module that was made from its source.
type Built struct {
	File      string
	Wasm      []byte
	CID       cid.Cid
	Toolchain string
	Took      time.Duration
}

// goFlags are the flags of every Go module. Nothing of the machine is left in
// what they make: no path, no revision, no build id.
var goFlags = []string{"-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="}

// goEnv are the variables that would show in the bytes, set to what they are
// where nobody set them.
var goEnv = []string{"GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOWASM=", "GOWORK=off"}

// Compile builds the module from its source and returns it without writing
// anything into the directory. Equal sources, dependencies and toolchains give
// equal bytes, wherever the directory is and whatever the environment.
func (d *Dir) Compile(ctx context.Context) (*Built, error) {
	if d.Build == BuildNone {
		return nil, contracts.Errorf(contracts.CodeUnsupported, filepath.Join(d.Path, FileName),
			"build is %q: %s is made by other tools", BuildNone, d.moduleName())
	}
	began := time.Now()
	version, err := d.goVersion(ctx)
	if err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp("", "krako-task-")
	if err != nil {
		return nil, fmt.Errorf("make build directory: %w", err)
	}
	defer os.RemoveAll(tmp)
	out := filepath.Join(tmp, "module.wasm")
	args := append(append([]string{"build"}, goFlags...), "-o", out, ".")
	if _, err := d.goCommand(ctx, args...); err != nil {
		return nil, err
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		return nil, fmt.Errorf("read built module: %w", err)
	}
	return &Built{
		File: d.ModuleFile(), Wasm: wasm, CID: dagcbor.RawCID(wasm), Toolchain: version, Took: time.Since(began),
	}, nil
}

// Current returns the module to work with: built anew, or the committed one of
// a directory that says BuildNone.
func (d *Dir) Current(ctx context.Context) ([]byte, error) {
	if d.Build == BuildNone {
		return d.Module()
	}
	b, err := d.Compile(ctx)
	if err != nil {
		return nil, err
	}
	return b.Wasm, nil
}

// Write puts the module where it belongs.
func (b *Built) Write() error {
	if err := os.WriteFile(b.File, b.Wasm, 0o644); err != nil {
		return fmt.Errorf("write module: %w", err)
	}
	return nil
}

// goVersion is the version of the Go command, which must be the one that the
// task.json names if it names one.
func (d *Dir) goVersion(ctx context.Context) (string, error) {
	out, err := d.goCommand(ctx, "env", "GOVERSION")
	if err != nil {
		return "", err
	}
	version, _, _ := strings.Cut(strings.TrimSpace(out), " ")
	if d.Toolchain != "" && version != d.Toolchain {
		return "", contracts.Errorf(contracts.CodeVersionMismatch, "go", "is %s, %s asks for %s", version, FileName, d.Toolchain)
	}
	return version, nil
}

// goCommand runs the Go command in the directory. An error carries what it
// printed.
func (d *Dir) goCommand(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = d.Path
	cmd.Env = append(os.Environ(), goEnv...)
	if d.Toolchain != "" {
		cmd.Env = append(cmd.Env, "GOTOOLCHAIN="+d.Toolchain)
	}
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", contracts.Errorf(contracts.CodeUnsupported, "go", "is not installed; get it from https://go.dev/dl/")
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return "", contracts.Errorf(contracts.CodeValidation, d.Path, "go %s: %w\n%s", args[0], err, strings.TrimSpace(log.String()))
	}
	return out.String(), nil
}
