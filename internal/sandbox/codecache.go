package sandbox

import (
	"fmt"
	"os"
	"runtime"

	"github.com/tetratelabs/wazero"

	"github.com/krako-labs/krako/contracts"
)

// openCodeCache opens the store of native code. wazero guards its files with a
// CRC only, so the directory's permissions are what keeps strangers' code out.
func openCodeCache(dir string) (wazero.CompilationCache, error) {
	if dir == "" {
		return wazero.NewCompilationCache(), nil
	}
	if err := makePrivate(dir); err != nil {
		return nil, err
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open code cache: %w", err)
	}
	return cache, nil
}

func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create code cache: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("inspect code cache: %w", err)
	}
	if !info.IsDir() {
		return contracts.Errorf(contracts.CodeValidation, dir, "code cache is not a directory")
	}
	// Windows keeps access in lists that the mode bits do not show; there the
	// user's own directory is what protects the cache.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return contracts.Errorf(contracts.CodeValidation, dir,
			"code cache has mode %04o, want 0700: others could put native code into it", info.Mode().Perm())
	}
	return nil
}
