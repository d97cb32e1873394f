package confine

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// Windows suspends a process as a whole by these two functions alone, which it does
// not document; debuggers rest on them. They count: as many resumes are needed as
// there were suspensions.
var (
	ntdll            = windows.NewLazySystemDLL("ntdll.dll")
	ntSuspendProcess = ntdll.NewProc("NtSuspendProcess")
	ntResumeProcess  = ntdll.NewProc("NtResumeProcess")
)

func suspend(p *os.Process) error { return onProcess(p, ntSuspendProcess) }

func resume(p *os.Process) error { return onProcess(p, ntResumeProcess) }

func onProcess(p *os.Process, do *windows.LazyProc) error {
	if err := do.Find(); err != nil {
		return fmt.Errorf("find function: %w", err)
	}
	h, err := windows.OpenProcess(windows.PROCESS_SUSPEND_RESUME, false, uint32(p.Pid))
	if err != nil {
		return fmt.Errorf("open process: %w", err)
	}
	defer windows.CloseHandle(h)
	if status, _, _ := do.Call(uintptr(h)); status != 0 {
		return fmt.Errorf("NTSTATUS %x", status)
	}
	return nil
}
