//go:build !race

package sandbox

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestLoadedCodeIsInHugePages looks at what the kernel says of the memory that a large
// module's code was loaded into. Whether it had huge pages to give is its business.
func TestLoadedCodeIsInHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage/enabled"); err != nil {
		t.Skip("this kernel has no huge pages:", err)
	}
	dir := filepath.Join(t.TempDir(), "code")
	m, err := open(t, Config{CacheDir: dir}).Admit(t.Context(), largeGuest(t))
	if err != nil {
		t.Fatal(err)
	}
	sumOf(t, m)
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^[0-9a-f]+-[0-9a-f]+ r-xp 00000000 00:00 0 *\n(?:[A-Z].*\n)*?VmFlags:.* hg( |$)`).Match(maps) {
		t.Error("no code is where huge pages were asked for")
	}
}
