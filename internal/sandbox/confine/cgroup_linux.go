package confine

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const cgroupRoot = "/sys/fs/cgroup"

// groups makes control groups (cgroups(7), version 2) that bound the memory of
// children, and the memory and processors of all of them together. That takes a
// group that was delegated to this process and holds no other, such as a systemd
// service's with Delegate=cpu memory.
type groups struct {
	dir string // of all children, "" without one
	cpu bool   // dir has a cpu controller
	why error
	n   atomic.Uint64
}

// openGroups finds this process's group and makes room below it. A group that
// hands memory on to others may hold no process itself, so this one moves to
// one below.
func openGroups(root string) *groups {
	dir, err := ownGroup(root)
	if err != nil {
		return &groups{why: err}
	}
	g, err := settle(dir, os.Getpid())
	if err != nil {
		return &groups{why: err}
	}
	return g
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

// The groups below the delegated one.
const (
	ownChild = "agent"
	workers  = "workers"
)

func settle(dir string, pid int) (*groups, error) {
	if err := usable(dir, pid); err != nil {
		return nil, err
	}
	own, all := filepath.Join(dir, ownChild), filepath.Join(dir, workers)
	for _, d := range []string{own, all} {
		if err := os.Mkdir(d, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, err
		}
	}
	if err := put(own, "cgroup.procs", strconv.Itoa(pid)); err != nil {
		return nil, err
	}
	err := put(dir, "cgroup.subtree_control", "+memory")
	if err == nil {
		err = put(all, "cgroup.subtree_control", "+memory")
	}
	if err != nil {
		return nil, errors.Join(err, put(dir, "cgroup.procs", strconv.Itoa(pid)))
	}
	g := &groups{dir: all}
	g.cpu = has(dir, "cpu") && put(dir, "cgroup.subtree_control", "+cpu") == nil
	return g, nil
}

// has reports whether a group has a controller.
func has(dir, controller string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	return err == nil && slices.Contains(strings.Fields(string(text)), controller)
}

// usable says why this process cannot make groups in one.
func usable(dir string, pid int) error {
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

// boundMemory bounds the memory of all children together.
func (g *groups) boundMemory(bytes int64) bool {
	return g.dir != "" && errors.Join(put(g.dir, "memory.max", strconv.FormatInt(bytes, 10)), put(g.dir, "memory.swap.max", "0")) == nil
}

// period is over what processor time is bounded, in microseconds: short enough
// that a machine does not stutter with it.
const period = 20_000

// boundProcessors bounds the processor time of all children together to that of
// so many processors; 0 lifts the bound.
func (g *groups) boundProcessors(n float64) bool {
	quota := "max"
	if n > 0 {
		quota = strconv.FormatInt(max(int64(n*period), 1000), 10) // the least the kernel takes
	}
	return g.dir != "" && g.cpu && put(g.dir, "cpu.max", quota+" "+strconv.Itoa(period)) == nil
}

// standBack has all children have only what nobody else wants, where the kernel
// can say that of a group, and else little of it.
func (g *groups) standBack(r Rank) {
	if g.dir == "" || !g.cpu {
		return
	}
	switch r {
	case RankLow:
		_ = put(g.dir, "cpu.weight", "10") // of 100
	case RankIdle:
		_ = put(g.dir, "cpu.weight", "1") // before the next, which fixes it
		_ = put(g.dir, "cpu.idle", "1")
	}
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
