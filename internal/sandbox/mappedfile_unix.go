//go:build unix

package sandbox

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// mappedFile is the content of a file in the page cache's own pages: reading a
// module of 5 MB into fresh memory takes longer than all else that is done with
// it, a page fault for each 4 KiB. The file must not change: the store's files are
// replaced and removed, never written to.
type mappedFile struct{ bytes []byte }

func mapFile(path string) (mappedFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return mappedFile{}, err
	}
	defer f.Close() // read-only; the mapping outlives it
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return mappedFile{}, err
	}
	b, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED|mapPopulate)
	if err != nil {
		return mappedFile{}, &fs.PathError{Op: "mmap", Path: path, Err: err}
	}
	return mappedFile{b}, nil
}

func (f mappedFile) release() {
	if f.bytes != nil {
		_ = unix.Munmap(f.bytes) // fails only for a range that is no mapping
	}
}
