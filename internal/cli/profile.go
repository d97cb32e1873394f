package cli

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
)

// ProfileCPU writes a CPU profile of this process to a file until stop is
// called; go tool pprof reads it. An empty name does nothing.
func ProfileCPU(file string) (stop func() error, err error) {
	if file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("write CPU profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("write CPU profile: %w", err), f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
