package confine

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Launcher starts children. Its methods are safe for concurrent use.
type Launcher struct{}

// NewLauncher looks what this system offers.
func NewLauncher() *Launcher { return &Launcher{} }

// BoundMemory does nothing and says so: each child's memory is bounded.
func (*Launcher) BoundMemory(int64) bool { return false }

// BoundProcessors does nothing and says so.
func (*Launcher) BoundProcessors(float64) bool { return false }

// Start starts a child in a job object of its own: the system ends the job when
// the last handle to it is closed, which the end of this process does, however
// it ends.
func (*Launcher) Start(c Command) (*Child, []Measure, error) {
	p, err := os.StartProcess(c.Path, c.Args, &os.ProcAttr{
		Dir: c.Dir, Env: c.Env, Files: c.Files,
		Sys: &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | priorityClass(c.Rank), HideWindow: true},
	})
	if err != nil {
		return nil, nil, err
	}
	child := &Child{process: p, ended: make(chan struct{})}
	job, err := enclose(p, c.MemoryBytes)
	go func() {
		child.await()
		if job != 0 {
			_ = windows.CloseHandle(job) // nothing is left in it
		}
	}()
	measures := absent(Privileges, Network, Files)
	if c.Rank != RankNormal {
		measures = append(measures, on(Priority, "priority class "+string(c.Rank)))
	}
	return child, append(measures,
		tried(Parent, "killed with its parent", err),
		tried(Memory, fmt.Sprintf("at most %d MiB", c.MemoryBytes>>20), err)), nil
}

// priorityClass is what a process is created with (CreateProcess).
func priorityClass(r Rank) uint32 {
	switch r {
	case RankLow:
		return windows.BELOW_NORMAL_PRIORITY_CLASS
	case RankIdle:
		return windows.IDLE_PRIORITY_CLASS
	}
	return 0
}

// enclose puts a process into a new job.
func enclose(p *os.Process, memory int64) (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | windows.JOB_OBJECT_LIMIT_ACTIVE_PROCESS
	info.BasicLimitInformation.ActiveProcessLimit = 1
	if memory > 0 {
		info.BasicLimitInformation.LimitFlags |= windows.JOB_OBJECT_LIMIT_PROCESS_MEMORY
		info.ProcessMemoryLimit = uintptr(memory)
	}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err == nil {
		err = assign(job, p)
	}
	if err != nil {
		_ = windows.CloseHandle(job)
		return 0, err
	}
	return job, nil
}

func assign(job windows.Handle, p *os.Process) error {
	h, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(p.Pid))
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	return windows.AssignProcessToJobObject(job, h)
}
