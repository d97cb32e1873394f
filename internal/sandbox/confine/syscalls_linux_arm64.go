package confine

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_AARCH64
	x32Calls  = 0 // none here
)

var (
	outwardCallsHere = []uint32{unix.SYS_KEXEC_FILE_LOAD}
	writingCallsHere = []uint32{unix.SYS_RENAMEAT}
	openCallsHere    []uint32
)
