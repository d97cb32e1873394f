package sandbox

import (
	"encoding/binary"

	"github.com/krako-labs/krako/contracts"
)

// maxVectors bounds the parts of one scattered read or write.
const maxVectors = 1024

// eachVector calls fn for the memory of every iovec until fn returns false.
func eachVector(x *execution, m memory, ptr, n uint64, fn func(b []byte) bool) errno {
	if uint32(n) > maxVectors {
		return errnoInval
	}
	list, ok := m.bytes(ptr, 8*uint64(uint32(n)))
	if !ok {
		return errnoFault
	}
	for ; len(list) > 0; list = list[8:] {
		b, ok := m.Read(binary.LittleEndian.Uint32(list), binary.LittleEndian.Uint32(list[4:]))
		if !ok {
			return errnoFault
		}
		x.spend(partFuel)
		if !fn(b) {
			break
		}
	}
	return errnoSuccess
}

// readVectors copies from src into the iovecs and tells how much.
func readVectors(x *execution, m memory, ptr, n uint64, src []byte) (uint32, errno) {
	total := 0
	e := eachVector(x, m, ptr, n, func(b []byte) bool {
		k := min(len(b), len(src)-total)
		x.spendBytes(k)
		x.copy(b, src[total:])
		total += k
		return k == len(b)
	})
	return uint32(total), e
}

// fdWrite(fd, iovs, iovs_len, nwritten): to the output or the log.
func fdWrite(x *execution, m memory, p []uint64) errno {
	f, e := x.file(p[0])
	if e != errnoSuccess {
		return e
	}
	if f.kind != fileStdout && f.kind != fileStderr {
		return errnoRofs
	}
	total := uint32(0)
	e = eachVector(x, m, p[1], p[2], func(b []byte) bool {
		x.spendBytes(len(b))
		x.writeStream(f.kind, b)
		total += uint32(len(b))
		return true
	})
	if e != errnoSuccess {
		return e
	}
	return m.putU32(p[3], total)
}

func (x *execution) writeStream(kind fileKind, b []byte) {
	if kind == fileStderr {
		x.log.write(b)
		return
	}
	if !x.output.fits(len(b)) {
		x.end(contracts.CodeBadOutput, "output exceeds its limit")
	}
	x.output.b = append(x.output.b, b...)
}

// fdRead(fd, iovs, iovs_len, nread)
func fdRead(x *execution, m memory, p []uint64) errno {
	f, e := x.file(p[0])
	if e != errnoSuccess {
		return e
	}
	src, e := x.source(f)
	if e != errnoSuccess {
		return e
	}
	n, e := readVectors(x, m, p[1], p[2], src[min(f.offset, uint64(len(src))):])
	if e != errnoSuccess {
		return e
	}
	f.offset += uint64(n)
	return m.putU32(p[3], n)
}

// source is what reading f gives.
func (x *execution) source(f *file) ([]byte, errno) {
	switch {
	case f.kind == fileStdin:
		return x.stdin, errnoSuccess
	case f.kind != fileNode:
		return nil, errnoBadf
	case f.node.dir:
		return nil, errnoIsdir
	}
	return f.node.data, errnoSuccess
}

// fdPread(fd, iovs, iovs_len, offset, nread)
func fdPread(x *execution, m memory, p []uint64) errno {
	f, e := x.file(p[0])
	if e != errnoSuccess {
		return e
	}
	if f.kind != fileNode {
		return errnoSpipe
	}
	src, e := x.source(f)
	if e != errnoSuccess {
		return e
	}
	n, e := readVectors(x, m, p[1], p[2], src[min(p[3], uint64(len(src))):])
	if e != errnoSuccess {
		return e
	}
	return m.putU32(p[4], n)
}

// fdSeek(fd, offset, whence, newoffset)
func fdSeek(x *execution, m memory, p []uint64) errno {
	f, e := x.seekable(p[0])
	if e != errnoSuccess {
		return e
	}
	var from uint64
	switch uint32(p[2]) {
	case 0:
	case 1:
		from = f.offset
	case 2:
		from = uint64(len(f.node.data))
	default:
		return errnoInval
	}
	to := int64(from) + int64(p[1])
	if to < 0 {
		return errnoInval
	}
	if e := m.putU64(p[3], uint64(to)); e != errnoSuccess {
		return e
	}
	f.offset = uint64(to)
	return errnoSuccess
}

// fdTell(fd, offset)
func fdTell(x *execution, m memory, p []uint64) errno {
	f, e := x.seekable(p[0])
	if e != errnoSuccess {
		return e
	}
	return m.putU64(p[1], f.offset)
}

func (x *execution) seekable(fd uint64) (*file, errno) {
	f, e := x.file(fd)
	switch {
	case e != errnoSuccess:
		return nil, e
	case f.kind != fileNode:
		return nil, errnoSpipe
	case f.node.dir:
		return nil, errnoIsdir
	}
	return f, errnoSuccess
}
