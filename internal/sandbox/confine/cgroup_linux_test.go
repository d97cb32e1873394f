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
	g, err := settle(dir, os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, dir, "cgroup.subtree_control"); got != "+cpu" || !g.cpu { // the last of two
		t.Errorf("subtree_control %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, ownChild, "cgroup.procs")); err != nil {
		t.Errorf("this process has not moved: %v", err)
	}
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

// TestAllChildrenAreBoundTogether looks at what the kernel would be told.
func TestAllChildrenAreBoundTogether(t *testing.T) {
	for controllers, cpu := range map[string]bool{"cpu memory pids\n": true, "cpuset memory\n": false} {
		g, err := settle(fakeGroup(t, controllers, strconv.Itoa(os.Getpid())+"\n"), os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if !g.boundMemory(1 << 30) {
			t.Errorf("%q: memory is not bounded", controllers)
		}
		for processors, want := range map[float64]string{0.5: "10000 20000", 3: "60000 20000", 0.001: "1000 20000", 0: "max 20000"} {
			if got := g.boundProcessors(processors); got != cpu {
				t.Fatalf("%q: processors bounded: %v", controllers, got)
			}
			if !cpu {
				continue
			}
			if err := os.Chmod(filepath.Join(g.dir, "cpu.max"), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := content(t, g.dir, "cpu.max"); got != want {
				t.Errorf("%v processors: cpu.max %q, want %q", processors, got, want)
			}
		}
		g.standBack(RankIdle)
		if _, err := os.Stat(filepath.Join(g.dir, "cpu.idle")); (err == nil) != cpu {
			t.Errorf("%q: cpu.idle: %v", controllers, err)
		}
	}
	none := &groups{why: os.ErrNotExist}
	if none.boundMemory(1) || none.boundProcessors(1) {
		t.Error("a bound without a group")
	}
}

func TestGroupsOfOthersAreLeftAlone(t *testing.T) {
	pid := strconv.Itoa(os.Getpid())
	for name, c := range map[string]struct{ controllers, procs, mentions string }{
		"no controller": {"cpu pids\n", pid + "\n", "no memory controller"},
		"shared":        {"memory\n", pid + "\n1\n", "other processes"},
	} {
		dir := fakeGroup(t, c.controllers, c.procs)
		if _, err := settle(dir, os.Getpid()); err == nil || !strings.Contains(err.Error(), c.mentions) {
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
