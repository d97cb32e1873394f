package confine

import (
	"errors"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The filters name what is refused and let the rest pass: a list of what the Go
// runtime, the race detector and a C library need would be out of date with
// each release of any of them. Refused calls fail; they do not end the process.

// filter is a seccomp program (seccomp(2)). Its instructions are reached one
// after the other, each check with the call's number loaded.
type filter []unix.SockFilter

// Offsets in struct seccomp_data, on machines that store the low word first.
const (
	callNumber = 0
	callArch   = 4
	callArg0   = 16
	callArg1   = 24
	callArg2   = 32
)

func (f *filter) add(code uint16, jt, jf uint8, k uint32) {
	*f = append(*f, unix.SockFilter{Code: code, Jt: jt, Jf: jf, K: k})
}

func (f *filter) load(offset uint32) { f.add(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, 0, 0, offset) }

// skipUnless passes over the next n instructions unless the loaded word is k.
func (f *filter) skipUnless(k uint32, n uint8) { f.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, 0, n, k) }

func (f *filter) end(action uint32) { f.add(unix.BPF_RET|unix.BPF_K, 0, 0, action) }

func (f *filter) fail(errno unix.Errno) { f.end(unix.SECCOMP_RET_ERRNO | uint32(errno)) }

func (f *filter) allow() { f.end(unix.SECCOMP_RET_ALLOW) }

// begin checks that call numbers mean what this program takes them for.
func (f *filter) begin() {
	f.load(callArch)
	f.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, 1, 0, auditArch)
	f.end(unix.SECCOMP_RET_KILL_PROCESS)
	f.load(callNumber)
	if x32Calls != 0 {
		f.add(unix.BPF_JMP|unix.BPF_JGE|unix.BPF_K, 0, 1, x32Calls)
		f.fail(unix.ENOSYS)
	}
}

// refuse makes calls fail.
func (f *filter) refuse(errno unix.Errno, calls []uint32) {
	for _, c := range calls {
		f.skipUnless(c, 1)
		f.fail(errno)
	}
}

// refuseIfAny makes a call fail if its argument has one of the bits.
func (f *filter) refuseIfAny(call, arg, bits uint32) {
	f.skipUnless(call, 4)
	f.load(arg)
	f.add(unix.BPF_JMP|unix.BPF_JSET|unix.BPF_K, 0, 1, bits)
	f.fail(unix.EPERM)
	f.allow()
}

// refuseUnless makes a call fail unless its argument, masked, is a value.
func (f *filter) refuseUnless(call, arg, mask, value uint32) {
	f.skipUnless(call, 5)
	f.load(arg)
	f.add(unix.BPF_ALU|unix.BPF_AND|unix.BPF_K, 0, 0, mask)
	f.add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, 1, 0, value)
	f.fail(unix.EPERM)
	f.allow()
}

// install puts the filter on every thread of the process, for ever.
func (f filter) install() error {
	if auditArch == 0 {
		return errors.New("no filter for this architecture")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}

// newThread is what a clone(2) must and must not ask for: a thread, and no
// namespace.
const (
	namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
		unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET
	newThread = unix.CLONE_THREAD
)

// reachingOut is the filter against processes, networks and the kernel's
// larger doors.
func reachingOut() (f filter) {
	f.begin()
	f.refuse(unix.EPERM, outwardCalls)
	f.refuse(unix.EPERM, outwardCallsHere)
	f.refuse(unix.ENOSYS, newerCalls) // callers have an older one to fall back to
	f.refuseUnless(unix.SYS_CLONE, callArg0, namespaces|newThread, newThread)
	f.refuseUnless(unix.SYS_TGKILL, callArg0, ^uint32(0), uint32(os.Getpid())) // how the runtime preempts
	f.allow()
	return f
}

// writing is the filter against changes of files.
func writing() (f filter) {
	const forWriting = unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC | unix.O_APPEND
	f.begin()
	f.refuse(unix.EPERM, writingCalls)
	f.refuse(unix.EPERM, writingCallsHere)
	f.refuseIfAny(unix.SYS_OPENAT, callArg2, forWriting)
	for _, open := range openCallsHere {
		f.refuseIfAny(open, callArg1, forWriting)
	}
	f.allow()
	return f
}
