package rewrite_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

var update = flag.Bool("update", false, "write golden files anew, for a new rewrite.Version")

// TestGolden pins the bytes that Version stands for: a node that writes others
// computes other fuel. Inputs are the checked-in kernels and generated modules.
func TestGolden(t *testing.T) {
	var lines strings.Builder
	files, _ := filepath.Glob(filepath.Join(benchGuests, "kernels", "*.wasm"))
	for _, file := range files {
		name := filepath.Base(file)
		fmt.Fprintf(&lines, "%s %s\n", name, hashes(t, readKernel(t, name)))
	}
	for seed := range uint64(20) {
		fmt.Fprintf(&lines, "generated-%d %s\n", seed, hashes(t, generate(seed, variant{endless: seed%2 == 1})))
	}
	compareGolden(t, "bytes.txt", lines.String())
}

// TestGoldenOutcomes pins what calls show, so that architectures that never run
// in the same test are compared as well.
func TestGoldenOutcomes(t *testing.T) {
	var lines strings.Builder
	for seed := range uint64(100) {
		lines.WriteString(outcomes(t, seed))
	}
	compareGolden(t, "outcomes.txt", lines.String())
}

// TestGoldenOutcomesOfAThousand pins a hash for every hundred modules more.
func TestGoldenOutcomesOfAThousand(t *testing.T) {
	if testing.Short() {
		t.Skip("TestGoldenOutcomes pins the first hundred")
	}
	var lines strings.Builder
	for from := uint64(100); from < 1000; from += 100 {
		h := sha256.New()
		for seed := from; seed < from+100; seed++ {
			io.WriteString(h, outcomes(t, seed))
		}
		fmt.Fprintf(&lines, "%d-%d %x\n", from, from+99, h.Sum(nil))
	}
	compareGolden(t, "thousand.txt", lines.String())
}

// outcomes is what each entry of a generated module shows when it is called, on a
// compiler: a line each.
func outcomes(t *testing.T, seed uint64) string {
	t.Helper()
	var lines strings.Builder
	e := newEngine(t, wazero.NewRuntimeConfigCompiler())
	c := compiled{engine: e, wasm: rewritten(t, generate(seed, variant{endless: seed%2 == 1}), options(logImport))}
	for entry := range entries {
		o := c.run(entry, 50_000)
		fmt.Fprintf(&lines, "%d/%d %d %s %s\n", seed, entry, o.fuel, o.results, hash(fmt.Append(nil, o)))
	}
	return lines.String()
}

func compareGolden(t *testing.T, name, got string) {
	got = rewrite.Version + "\n" + got
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("if this change is meant, it needs a new rewrite.Version and a run with -update:\n%s", diff)
	}
}

// hashes are those of a module and of what it becomes with various options.
func hashes(t *testing.T, module []byte) string {
	opts := options(logImport)
	list := []string{hash(module), hash(rewritten(t, module, opts))}
	opts.Yield = true
	list = append(list, hash(rewritten(t, module, opts)))
	opts.OmitData = true
	list = append(list, hash(rewritten(t, module, opts)))
	return strings.Join(list, " ")
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return fmt.Sprintf("%x", sum[:8])
}
