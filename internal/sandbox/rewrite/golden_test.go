package rewrite_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

var update = flag.Bool("update", false, "write testdata/golden.txt anew: needs a new rewrite.Version")

// TestGolden pins the bytes that Version stands for: a node that writes others
// computes other fuel. Inputs are the checked-in kernels and generated modules.
func TestGolden(t *testing.T) {
	var lines strings.Builder
	fmt.Fprintln(&lines, rewrite.Version)
	inputs := map[string][]byte{}
	var names []string
	files, _ := filepath.Glob(filepath.Join("testdata", "kernels", "*.wasm"))
	for _, file := range files {
		name := filepath.Base(file)
		names = append(names, name)
		inputs[name] = readKernel(t, name)
	}
	for seed := range uint64(20) {
		name := fmt.Sprintf("generated-%d", seed)
		names = append(names, name)
		inputs[name] = generate(seed, variant{endless: seed%2 == 1})
	}
	for _, name := range names {
		fmt.Fprintf(&lines, "%s %s\n", name, hashes(t, inputs[name]))
	}
	golden := filepath.Join("testdata", "golden.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if lines.String() != string(want) {
		t.Errorf("rewriting gives other bytes; if that is meant, change rewrite.Version and run with -update\n%s", lines.String())
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
