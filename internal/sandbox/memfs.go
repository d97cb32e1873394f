package sandbox

import (
	"maps"
	"slices"
	"strings"
)

// node is a file or directory of the guest's read-only tree, which is
//
//	/  └─ blobs  └─ <name> …
//
// and has no links, so a path can be resolved part by part.
type node struct {
	name    string
	ino     uint64
	dir     bool
	data    []byte
	entries []*node // of a directory, sorted by name
	parent  *node   // of the root, itself
}

const blobsDir = "blobs"

// maxPath is the longest path the file system looks at.
const maxPath = 4096

func newTree(blobs map[string][]byte) *node {
	root := &node{name: "/", ino: 1, dir: true}
	root.parent = root
	dir := &node{name: blobsDir, ino: 2, dir: true, parent: root}
	root.entries = []*node{dir}
	for i, name := range slices.Sorted(maps.Keys(blobs)) {
		dir.entries = append(dir.entries, &node{name: name, ino: uint64(3 + i), data: blobs[name], parent: dir})
	}
	return root
}

func (n *node) child(name string) *node {
	i, ok := slices.BinarySearchFunc(n.entries, name, func(e *node, name string) int {
		return strings.Compare(e.name, name)
	})
	if !ok {
		return nil
	}
	return n.entries[i]
}

// lookup resolves a path relative to directory n and never leaves it: an
// absolute path or one that climbs above n gives NOTCAPABLE.
func (n *node) lookup(path string) (*node, errno) {
	switch {
	case path == "":
		return nil, errnoNoent
	case len(path) > maxPath:
		return nil, errnoNametoolong
	case path[0] == '/':
		return nil, errnoNotcapable
	case strings.IndexByte(path, 0) >= 0:
		return nil, errnoInval
	}
	at, depth := n, 0
	for part := range strings.SplitSeq(path, "/") {
		if !at.dir {
			return nil, errnoNotdir
		}
		switch part {
		case "", ".":
		case "..":
			if depth == 0 {
				return nil, errnoNotcapable
			}
			at, depth = at.parent, depth-1
		default:
			if at = at.child(part); at == nil {
				return nil, errnoNoent
			}
			depth++
		}
	}
	return at, errnoSuccess
}

// maxBlobName is the longest name of a blob, in bytes.
const maxBlobName = 255

// validBlobName reports whether a blob can appear as a file of that name.
func validBlobName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= maxBlobName &&
		!strings.ContainsAny(name, "/\x00")
}
