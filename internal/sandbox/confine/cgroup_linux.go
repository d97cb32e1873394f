package confine

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const cgroupRoot = "/sys/fs/cgroup"

// groups makes control groups (cgroups(7), version 2) that bound the memory of
// children. That takes a group that was delegated to this process and holds no
// other, such as a systemd service's with Delegate=memory.
type groups struct {
	dir string // "" without one
	why error
	n   atomic.Uint64
}

// openGroups finds this process's group and makes room below it. A group that
// hands memory on to others may hold no process itself, so this one moves to
// one below.
func openGroups(root string) *groups {
	dir, err := ownGroup(root)
	if err == nil {
		err = settle(dir, os.Getpid())
	}
	if err != nil {
		return &groups{why: err}
	}
	return &groups{dir: dir}
}

func ownGroup(root string) (string, error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return filepath.Join(root, path), nil
		}
	}
	return "", errors.New("no cgroup of version 2")
}

const ownChild = "agent"

func settle(dir string, pid int) error {
	controllers, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	switch {
	case err != nil:
		return err
	case !bytes.Contains(controllers, []byte("memory")):
		return errors.New("the cgroup has no memory controller")
	case !delegated(dir):
		return errors.New("the cgroup is not delegated to this process")
	}
	members, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(members)) != strconv.Itoa(pid) {
		return errors.New("the cgroup holds other processes")
	}
	own := filepath.Join(dir, ownChild)
	if err := os.Mkdir(own, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := put(own, "cgroup.procs", strconv.Itoa(pid)); err != nil {
		return err
	}
	if err := put(dir, "cgroup.subtree_control", "+memory"); err != nil {
		return errors.Join(err, put(dir, "cgroup.procs", strconv.Itoa(pid)))
	}
	return nil
}

// delegated reports whether whoever manages the groups has left this one to us.
// For a user the right to write says so; root, who may write everywhere, needs
// the mark that systemd puts on it.
func delegated(dir string) bool {
	if unix.Access(filepath.Join(dir, "cgroup.procs"), unix.W_OK) != nil {
		return false
	}
	mark := make([]byte, 1)
	n, err := unix.Getxattr(dir, "user.delegate", mark)
	return os.Geteuid() != 0 || err == nil && n == 1 && mark[0] == '1'
}

func put(dir, file, value string) error {
	return os.WriteFile(filepath.Join(dir, file), []byte(value), 0)
}

// group is one child's.
type group struct {
	dir *os.File // nil without one
}

// make makes a group of so many bytes.
func (g *groups) make(memory int64) (group, Measure) {
	switch {
	case memory <= 0:
		return group{}, Measure{Name: Memory, Detail: "no bound was asked for"}
	case g.dir == "":
		return group{}, tried(Memory, "", g.why)
	}
	path := filepath.Join(g.dir, fmt.Sprintf("worker-%d", g.n.Add(1)))
	err := os.Mkdir(path, 0o755)
	if err == nil {
		// Without swap, or the bound would be one of speed.
		err = errors.Join(put(path, "memory.max", strconv.FormatInt(memory, 10)), put(path, "memory.swap.max", "0"))
	}
	var made group
	if err == nil {
		made.dir, err = os.Open(path)
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return made, tried(Memory, fmt.Sprintf("at most %d MiB", memory>>20), err)
}

// remove takes the group away again. Its processes have ended.
func (g group) remove() {
	if g.dir != nil {
		_ = os.Remove(g.dir.Name()) // one that stays is empty and bounds nothing
		_ = g.dir.Close()
	}
}
