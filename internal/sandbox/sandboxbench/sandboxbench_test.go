//go:build !race

package sandboxbench

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/krako-labs/krako/internal/sandbox/worker"
)

// self is the test binary, which is its own worker.
var self = worker.Command{Path: os.Args[0], Args: []string{"test", worker.Argument}}

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == worker.Argument {
		os.Exit(worker.Main())
	}
	os.Exit(m.Run())
}

// TestFiguresAreComplete runs the short form: every figure is there and none is
// absurd. How good they are is not a test's to say.
func TestFiguresAreComplete(t *testing.T) {
	f, err := Run(t.Context(), Options{Short: true, Worker: self})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for name, v := range got {
		if n, ok := v.(float64); ok && n <= 0 && (clockName == "cpu" || !strings.Contains(name, "idle")) {
			t.Errorf("%s = %v", name, n)
		}
	}
	if want := len(cKernels) + len(goKernels); len(f.Kernels) != want {
		t.Errorf("%d kernels, want %d", len(f.Kernels), want)
	}
	t.Logf("%s", text)
}

func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Options{Short: true, Worker: self}); err == nil {
		t.Error("no error")
	}
}

func TestStatistics(t *testing.T) {
	v := []float64{5, 1, 4, 2, 3, 10, 7, 6, 9, 8}
	if m, p := median(v), percentile(v, 90); m != 6 || p != 10 {
		t.Errorf("median %v, 90th percentile %v", m, p)
	}
	if g := geomean([]float64{1, 4, 16}); g < 3.999 || g > 4.001 {
		t.Errorf("geometric mean %v", g)
	}
	if median(nil) != 0 {
		t.Error("the median of nothing")
	}
}
