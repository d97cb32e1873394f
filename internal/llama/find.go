package llama

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/krako-labs/krako/contracts"
)

// FindServer returns the path of llama-server: $KRAKO_LLAMA_SERVER, the PATH, or
// where scripts/llama-server installs it. The error is NOT_FOUND and says what
// to do.
func FindServer() (string, error) {
	if path := os.Getenv("KRAKO_LLAMA_SERVER"); path != "" {
		if isFile(path) {
			return path, nil
		}
		return "", contracts.Errorf(contracts.CodeNotFound, "KRAKO_LLAMA_SERVER", "%s is not a file", path)
	}
	if path, err := exec.LookPath("llama-server"); err == nil {
		return path, nil
	}
	if path := filepath.Join(prefix(), "bin", "llama-server"); runtime.GOOS != "windows" && isFile(path) {
		return path, nil
	}
	return "", contracts.Errorf(contracts.CodeNotFound, "llama-server",
		"is not on the PATH; install llama.cpp with your package manager, or run scripts/llama-server")
}

// prefix is where scripts/llama-server installs privately.
func prefix() string {
	if p := os.Getenv("KRAKO_LLAMA_PREFIX"); p != "" {
		return p
	}
	base := os.Getenv("XDG_DATA_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		base = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(base, "krako", "llama")
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
