package confine

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// fakeGroup is a directory with the files that the kernel would put there.
func fakeGroup(t *testing.T, controllers, procs string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"cgroup.controllers": controllers, "cgroup.procs": procs, "cgroup.subtree_control": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		if err := unix.Setxattr(dir, "user.delegate", []byte("1"), 0); err != nil {
			t.Skip("root is given groups by a mark that this file system cannot hold: ", err)
		}
	}
	return dir
}

func content(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil && !os.IsPermission(err) {
		t.Fatal(err)
	}
	return string(b)
}

func TestGroupsAreMadeBelowADelegatedOne(t *testing.T) {
	pid := strconv.Itoa(os.Getpid())
	dir := fakeGroup(t, "cpu memory pids\n", pid+"\n")
	if err := settle(dir, os.Getpid()); err != nil {
		t.Fatal(err)
	}
	if got := content(t, dir, "cgroup.subtree_control"); got != "+memory" {
		t.Errorf("subtree_control %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, ownChild, "cgroup.procs")); err != nil {
		t.Errorf("this process has not moved: %v", err)
	}
	g := &groups{dir: dir}
	made, m := g.make(64 << 20)
	if !m.On || made.dir == nil || !strings.Contains(m.Detail, "64 MiB") {
		t.Fatalf("%+v", m)
	}
	for _, file := range []string{"memory.max", "memory.swap.max"} {
		if _, err := os.Stat(filepath.Join(made.dir.Name(), file)); err != nil {
			t.Error(err)
		}
	}
	if _, m := g.make(0); m.On {
		t.Errorf("no bound gave %+v", m)
	}
}

func TestGroupsOfOthersAreLeftAlone(t *testing.T) {
	pid := strconv.Itoa(os.Getpid())
	for name, c := range map[string]struct{ controllers, procs, mentions string }{
		"no controller": {"cpu pids\n", pid + "\n", "no memory controller"},
		"shared":        {"memory\n", pid + "\n1\n", "other processes"},
	} {
		dir := fakeGroup(t, c.controllers, c.procs)
		if err := settle(dir, os.Getpid()); err == nil || !strings.Contains(err.Error(), c.mentions) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, ownChild)); err == nil {
			t.Errorf("%s: a group was made", name)
		}
	}
	g := openGroups(t.TempDir())
	if _, m := g.make(1 << 20); m.On || m.Detail == "" {
		t.Errorf("without a group: %+v", m)
	}
}
