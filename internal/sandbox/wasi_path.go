package sandbox

import "encoding/binary"

// path_open flags.
const (
	openCreate    = 1 << 0
	openDirectory = 1 << 1
	openExclusive = 1 << 2
	openTruncate  = 1 << 3
)

// lookupAt resolves the path at (ptr, n) relative to an open directory.
func (x *execution) lookupAt(m memory, fd, ptr, n uint64) (*node, errno) {
	dir, e := x.node(fd)
	if e != errnoSuccess {
		return nil, e
	}
	if uint32(n) > maxPath {
		return nil, errnoNametoolong
	}
	x.spend(uint64(uint32(n)))
	path, ok := m.bytes(ptr, n)
	if !ok {
		return nil, errnoFault
	}
	if !dir.dir {
		return nil, errnoNotdir
	}
	return dir.lookup(string(path))
}

// pathOpen(dirfd, dirflags, path, path_len, oflags, rights, rights_inheriting,
// fdflags, fd) opens for reading. What would create, truncate or write is ROFS.
func pathOpen(x *execution, m memory, p []uint64) errno {
	n, e := x.lookupAt(m, p[0], p[2], p[3])
	oflags := uint32(p[4])
	switch {
	case e == errnoNoent && oflags&openCreate != 0:
		return errnoRofs
	case e != errnoSuccess:
		return e
	case oflags&openCreate != 0 && oflags&openExclusive != 0:
		return errnoExist
	case oflags&openDirectory != 0 && !n.dir:
		return errnoNotdir
	case oflags&openTruncate != 0:
		return errnoRofs
	case p[5]&rightWrite != 0 && n.dir:
		return errnoIsdir
	case p[5]&rightWrite != 0:
		return errnoRofs
	}
	fd, e := x.files.add(file{kind: fileNode, node: n, flags: uint16(p[7])})
	if e != errnoSuccess {
		return e
	}
	return m.putU32(p[8], fd)
}

// pathFilestatGet(dirfd, flags, path, path_len, stat)
func pathFilestatGet(x *execution, m memory, p []uint64) errno {
	n, e := x.lookupAt(m, p[0], p[2], p[3])
	if e != errnoSuccess {
		return e
	}
	return putFilestat(m, p[4], n)
}

// pathReadlink(dirfd, path, path_len, …): nothing in the tree is a link.
func pathReadlink(x *execution, m memory, p []uint64) errno {
	if _, e := x.lookupAt(m, p[0], p[1], p[2]); e != errnoSuccess {
		return e
	}
	return errnoInval
}

// fdReaddir(fd, buf, buf_len, cookie, bufused). A cookie is the index of the
// entry after it. As WASI asks, the last entry is cut where the buffer ends.
func fdReaddir(x *execution, m memory, p []uint64) errno {
	dir, e := x.node(p[0])
	if e != errnoSuccess {
		return e
	}
	if !dir.dir {
		return errnoNotdir
	}
	buf, ok := m.bytes(p[1], p[2])
	if !ok {
		return errnoFault
	}
	used := 0
	for i := p[3]; i < uint64(len(dir.entries)+2) && used < len(buf); i++ {
		x.spend(partFuel)
		used += copy(buf[used:], dir.dirent(i))
	}
	return m.putU32(p[4], uint32(used))
}

// dirent encodes entry i of a directory: itself, its parent, its entries.
func (n *node) dirent(i uint64) []byte {
	name, to := ".", n
	switch {
	case i == 1:
		name, to = "..", n.parent
	case i > 1:
		to = n.entries[i-2]
		name = to.name
	}
	b := make([]byte, 24, 24+len(name))
	binary.LittleEndian.PutUint64(b, i+1)
	binary.LittleEndian.PutUint64(b[8:], to.ino)
	binary.LittleEndian.PutUint32(b[16:], uint32(len(name)))
	b[20] = to.filetype()
	return append(b, name...)
}
