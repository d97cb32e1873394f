package llmpod

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/server"
)

// classOf names the class within which answers can be compared byte for byte: the
// model's hash, the server's build, the profile, and the code path that computes.
// solo says that the replay profile holds for these weights only if requests run
// one at a time and from nothing.
//
// The build and the code path of an attached server are not known: its class is
// its own, so that nothing is ever compared with it.
func classOf(s *server.Server) (class string, solo bool, err error) {
	c := s.Config()
	if c.Attach != nil {
		return "attached/" + c.Alias, false, nil
	}
	if c.Model == "" {
		return "download/" + c.HF, false, nil
	}
	sum, err := hashFile(c.Model)
	if err != nil {
		return "", false, err
	}
	build, err := hashFile(c.Program)
	if err != nil {
		return "", false, err
	}
	solo = c.Profile == server.Replay && !s.Info().BatchInvariant()
	return fmt.Sprintf("%s/%s/%s/%s", sum[:16], build[:12], c.Profile, codePath(c)), solo, nil
}

// codePath tells processors apart that compute differently. Programs choose
// among several by what the processor can do, so that its features are the
// nearest that can be known beforehand.
func codePath(c server.Config) string {
	if c.GPULayers > 0 {
		return runtime.GOARCH + "+gpu"
	}
	flags, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	return runtime.GOARCH + "+" + features(flags)
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", contracts.Errorf(contracts.CodeNotFound, path, "open: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("hash %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
