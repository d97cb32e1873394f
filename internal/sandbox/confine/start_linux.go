package confine

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// Launcher starts children. Its methods are safe for concurrent use.
type Launcher struct{ groups *groups }

// NewLauncher looks what this system offers.
func NewLauncher() *Launcher { return &Launcher{groups: openGroups(cgroupRoot)} }

// BoundMemory bounds the memory of all children together, in bytes, and reports
// whether that is in force.
func (l *Launcher) BoundMemory(bytes int64) bool { return l.groups.boundMemory(bytes) }

// BoundProcessors bounds the processor time of all children together to that of
// so many processors, 0 to no bound, and reports whether that is in force.
func (l *Launcher) BoundProcessors(n float64) bool { return l.groups.boundProcessors(n) }

// Start starts a child. It keeps a thread for as long as the child lives.
//
// The thread is restricted before it starts the child, which inherits that, and
// so is every thread the child will ever have: what a Go process does to itself
// once it runs reaches one thread only, but for seccomp filters. The parent's
// other threads are not concerned; the runtime makes no thread from one that is
// locked and ends it with its goroutine. The thread stays because the death
// signal is sent when the thread that started the child ends, not the process.
func (l *Launcher) Start(c Command) (*Child, []Measure, error) {
	type started struct {
		child    *Child
		measures []Measure
		err      error
	}
	result := make(chan started)
	go func() {
		group, memory := l.groups.make(c.MemoryBytes)
		l.groups.standBack(c.Rank)
		defer group.remove()
		runtime.LockOSThread() // for good
		measures := append(restrictThread(c.Read), memory)
		measures = append(measures, standBack(c.Rank)...)
		child, network, err := startHere(c, group)
		result <- started{child, append(measures, network, on(Parent, "killed with its parent")), err}
		if err == nil {
			child.await()
		}
	}()
	r := <-result
	return r.child, r.measures, r.err
}

// startHere starts the child from this thread, with as little network as the
// system grants.
func startHere(c Command, g group) (*Child, Measure, error) {
	var refused error
	for _, n := range networks {
		attr := &os.ProcAttr{Dir: c.Dir, Env: c.Env, Files: c.Files, Sys: &syscall.SysProcAttr{
			// The terminal's Ctrl-C is for the parent. A session of its own is also a
			// scheduling group of its own (autogroup, sched(7)), which stands back alone.
			Setsid: true,
			// Whatever ends the parent ends the child, even kill -9.
			Pdeathsig: syscall.SIGKILL,
		}}
		n.into(attr.Sys)
		if g.dir != nil {
			attr.Sys.UseCgroupFD, attr.Sys.CgroupFD = true, int(g.dir.Fd())
		}
		p, err := os.StartProcess(c.Path, c.Args, attr)
		if err == nil {
			m := Measure{Name: Network, On: n.flags != 0, Detail: n.detail}
			if n.flags == 0 {
				m = tried(Network, "", refused)
			}
			groupBack(p.Pid, c.Rank)
			return &Child{process: p, ended: make(chan struct{})}, m, nil
		}
		refused = errors.Join(refused, err)
	}
	return nil, Measure{}, refused
}

// networks are the ways to leave the child without a network, best first.
var networks = []network{
	// A user namespace also takes root's power over the machine from the child.
	{syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET, "none, in namespaces of its own"},
	{syscall.CLONE_NEWNET, "none, in a namespace of its own"},
	{},
}

type network struct {
	flags  uintptr
	detail string
}

func (n network) into(sys *syscall.SysProcAttr) {
	sys.Cloneflags = n.flags
	if n.flags&syscall.CLONE_NEWUSER != 0 {
		sys.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		sys.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	}
}
