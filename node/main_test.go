package node

import (
	"os"
	"testing"

	"github.com/krako-labs/krako/internal/sandbox/worker"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == worker.Argument {
		os.Exit(worker.Main()) // the test binary is its own worker
	}
	os.Exit(m.Run())
}
