package sandbox

import (
	"fmt"

	"github.com/krako-labs/krako/contracts"
)

// argsGet(argv, argv_buf): the arguments, NUL-terminated, and pointers to them.
func argsGet(x *execution, m memory, p []uint64) errno {
	at := uint32(p[1])
	for i, arg := range x.args {
		if e := m.putU32(uint64(uint32(p[0])+uint32(4*i)), at); e != errnoSuccess {
			return e
		}
		if e := m.putBytes(uint64(at), append([]byte(arg), 0)); e != errnoSuccess {
			return e
		}
		at += uint32(len(arg)) + 1
	}
	return errnoSuccess
}

// argsSizesGet(argc, argv_buf_size)
func argsSizesGet(x *execution, m memory, p []uint64) errno {
	size := 0
	for _, arg := range x.args {
		size += len(arg) + 1
	}
	return putPair(m, p, uint32(len(x.args)), uint32(size))
}

// environGet and environSizesGet: there is no environment.
func environGet(*execution, memory, []uint64) errno { return errnoSuccess }

func environSizesGet(_ *execution, m memory, p []uint64) errno { return putPair(m, p, 0, 0) }

func putPair(m memory, p []uint64, a, b uint32) errno {
	if e := m.putU32(p[0], a); e != errnoSuccess {
		return e
	}
	return m.putU32(p[1], b)
}

// procExit(code) ends the run. Code 0 is success, for a command.
func procExit(x *execution, _ memory, p []uint64) {
	code := uint32(p[0])
	if code == 0 {
		x.end("", "")
	}
	x.end(contracts.CodeExitNonzero, fmt.Sprintf("exit code %d", code))
}
