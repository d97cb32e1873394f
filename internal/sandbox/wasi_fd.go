package sandbox

import "encoding/binary"

// WASI file types.
const (
	typeUnknown   = 0
	typeDirectory = 3
	typeRegular   = 4
)

// WASI rights that a descriptor here can have.
const (
	rightRead       = 1 << 1
	rightSeek       = 1 << 2
	rightSetFlags   = 1 << 3
	rightTell       = 1 << 5
	rightWrite      = 1 << 6
	rightPathOpen   = 1 << 13
	rightReaddir    = 1 << 14
	rightReadlink   = 1 << 15
	rightPathStat   = 1 << 18
	rightFdStat     = 1 << 21
	rightPoll       = 1 << 27
	rightsFile      = rightRead | rightSeek | rightTell | rightSetFlags | rightFdStat | rightPoll
	rightsDirectory = rightPathOpen | rightReaddir | rightReadlink | rightPathStat | rightFdStat
)

func (n *node) filetype() byte {
	if n.dir {
		return typeDirectory
	}
	return typeRegular
}

// fdClose(fd)
func fdClose(x *execution, _ memory, p []uint64) errno {
	f, e := x.file(p[0])
	if e == errnoSuccess {
		*f = file{}
	}
	return e
}

// checkOpen answers calls that have nothing to do for a read-only file.
func checkOpen(x *execution, _ memory, p []uint64) errno {
	_, e := x.file(p[0])
	return e
}

// fdFdstatGet(fd, stat). Standard streams are of unknown type, as pipes are, so
// that C libraries buffer them whole instead of by line.
func fdFdstatGet(x *execution, m memory, p []uint64) errno {
	f, e := x.file(p[0])
	if e != errnoSuccess {
		return e
	}
	filetype, base, inheriting := byte(typeUnknown), uint64(rightWrite|rightSetFlags|rightPoll), uint64(0)
	switch {
	case f.kind == fileStdin:
		base = rightRead | rightSetFlags | rightPoll
	case f.kind == fileNode && f.node.dir:
		filetype, base, inheriting = typeDirectory, rightsDirectory, rightsDirectory|rightsFile
	case f.kind == fileNode:
		filetype, base = typeRegular, rightsFile
	}
	var stat [24]byte
	stat[0] = filetype
	binary.LittleEndian.PutUint16(stat[2:], f.flags)
	binary.LittleEndian.PutUint64(stat[8:], base)
	binary.LittleEndian.PutUint64(stat[16:], inheriting)
	return m.putBytes(p[1], stat[:])
}

// fdFdstatSetFlags(fd, flags): remembered, without effect.
func fdFdstatSetFlags(x *execution, _ memory, p []uint64) errno {
	f, e := x.file(p[0])
	if e == errnoSuccess {
		f.flags = uint16(p[1])
	}
	return e
}

// fdFilestatGet(fd, stat)
func fdFilestatGet(x *execution, m memory, p []uint64) errno {
	f, e := x.file(p[0])
	if e != errnoSuccess {
		return e
	}
	return putFilestat(m, p[1], f.node)
}

// putFilestat writes a filestat; a nil node is a standard stream.
func putFilestat(m memory, ptr uint64, n *node) errno {
	var stat [64]byte
	binary.LittleEndian.PutUint64(stat[24:], 1) // links
	if n != nil {
		binary.LittleEndian.PutUint64(stat[8:], n.ino)
		stat[16] = n.filetype()
		binary.LittleEndian.PutUint64(stat[32:], uint64(len(n.data)))
	}
	for _, at := range []int{40, 48, 56} { // access, modification, change
		binary.LittleEndian.PutUint64(stat[at:], clockEpoch)
	}
	return m.putBytes(ptr, stat[:])
}

// fdPrestatGet(fd, prestat)
func fdPrestatGet(x *execution, m memory, p []uint64) errno {
	if _, ok := x.files.get(p[0]); !ok || uint32(p[0]) != fdRoot {
		return errnoBadf
	}
	return m.putU64(p[1], 1<<32) // tag 0, a directory, whose name has 1 byte
}

// fdPrestatDirName(fd, path, len)
func fdPrestatDirName(x *execution, m memory, p []uint64) errno {
	if _, ok := x.files.get(p[0]); !ok || uint32(p[0]) != fdRoot {
		return errnoBadf
	}
	if uint32(p[2]) < 1 {
		return errnoNametoolong
	}
	return m.putBytes(p[1], []byte("/"))
}
