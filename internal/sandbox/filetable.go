package sandbox

// fileKind says what a descriptor stands for.
type fileKind uint8

const (
	fileClosed fileKind = iota
	fileStdin
	fileStdout
	fileStderr
	fileNode
)

// file is an open descriptor.
type file struct {
	kind   fileKind
	node   *node
	offset uint64
	flags  uint16
}

// fdRoot is the one preopened directory, "/".
const fdRoot = 3

// maxFiles bounds the descriptors a guest may hold.
const maxFiles = 128

// fileTable maps descriptors to files. Descriptors are given out lowest first.
type fileTable struct{ open []file }

// reset leaves stdin, stdout, stderr and the root directory. The tree is made
// when the root is first used: most units never open a file.
func (t *fileTable) reset() {
	clear(t.open)
	t.open = append(t.open[:0], file{kind: fileStdin}, file{kind: fileStdout}, file{kind: fileStderr},
		file{kind: fileNode})
}

func (t *fileTable) get(fd uint64) (*file, bool) {
	i := uint32(fd)
	if uint64(i) >= uint64(len(t.open)) || t.open[i].kind == fileClosed {
		return nil, false
	}
	return &t.open[i], true
}

func (t *fileTable) add(f file) (fd uint32, e errno) {
	for i := range t.open {
		if t.open[i].kind == fileClosed {
			t.open[i] = f
			return uint32(i), errnoSuccess
		}
	}
	if len(t.open) >= maxFiles {
		return 0, errnoMfile
	}
	t.open = append(t.open, f)
	return uint32(len(t.open) - 1), errnoSuccess
}

// file returns an open descriptor.
func (x *execution) file(fd uint64) (*file, errno) {
	f, ok := x.files.get(fd)
	if !ok {
		return nil, errnoBadf
	}
	if f.kind == fileNode && f.node == nil {
		f.node = newTree(x.blobs)
	}
	return f, errnoSuccess
}

// node returns what an open descriptor of the tree stands for.
func (x *execution) node(fd uint64) (*node, errno) {
	f, e := x.file(fd)
	if e == errnoSuccess && f.kind != fileNode {
		e = errnoNotdir
	}
	if e != errnoSuccess {
		return nil, e
	}
	return f.node, errnoSuccess
}
