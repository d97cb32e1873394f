package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// DataDir returns the default data directory of a component: under
// XDG_DATA_HOME or ~/.local/share, and under the local application data folder
// on Windows.
func DataDir(component string) (string, error) {
	if base := os.Getenv("XDG_DATA_HOME"); base != "" {
		return filepath.Join(base, "krako", component), nil
	}
	if runtime.GOOS == "windows" {
		if base := os.Getenv("LOCALAPPDATA"); base != "" {
			return filepath.Join(base, "krako", component), nil
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the data directory (or set --data-dir): %w", err)
	}
	return filepath.Join(home, ".local", "share", "krako", component), nil
}

// WriteFile replaces a file in one step, private to the user.
func WriteFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return fmt.Errorf("replace %s: %w", path, err)
	}
	defer os.Remove(tmp.Name()) // fails once the rename has been done
	if _, err := tmp.Write(data); err != nil {
		tmp.Close()
		return fmt.Errorf("replace %s: %w", path, err)
	}
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("replace %s: %w", path, err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("replace %s: %w", path, err)
	}
	return nil
}
