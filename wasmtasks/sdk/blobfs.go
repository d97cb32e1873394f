package sdk

import (
	"io"
	"io/fs"
	"time"
)

// blobHost is how a host hands out blobs by name, without files
// (docs/spec/det-1.md, section 6).
type blobHost interface {
	// blobSize returns a blob's length, or -1 if it is not mounted.
	blobSize(name string) int64
	// blobRead fills dst from offset on and returns how much there was.
	blobRead(name string, dst []byte, offset int64) int
	blobDirectory() ([]fs.DirEntry, error)
}

// blobFS gives the blobs of a host the shape that a command's have. A blob
// costs a call to open and one for each read, where a file costs seven.
type blobFS struct{ host blobHost }

// Open opens a blob.
func (b blobFS) Open(name string) (fs.File, error) {
	size, err := b.size("open", name)
	if err != nil {
		return nil, err
	}
	return &blobFile{host: b.host, name: name, size: size}, nil
}

// ReadFile reads a whole blob in one call.
func (b blobFS) ReadFile(name string) ([]byte, error) {
	size, err := b.size("read", name)
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	return data[:max(b.host.blobRead(name, data, 0), 0)], nil
}

// ReadDir lists the blobs in the directory "." in byte order of their names.
func (b blobFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if name != "." {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	return b.host.blobDirectory()
}

func (b blobFS) size(op, name string) (int64, error) {
	if !fs.ValidPath(name) {
		return 0, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	size := b.host.blobSize(name)
	if size < 0 {
		return 0, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return size, nil
}

// blobFile is an open blob and its own fs.FileInfo.
type blobFile struct {
	host         blobHost
	name         string
	size, offset int64
}

func (f *blobFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.offset)
	f.offset += int64(n)
	if n > 0 && err == io.EOF {
		err = nil // a reader tells the end when it is asked again
	}
	return n, err
}

// ReadAt implements io.ReaderAt.
func (f *blobFile) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
	}
	if len(p) == 0 {
		return 0, nil
	}
	if offset >= f.size {
		return 0, io.EOF
	}
	n := max(f.host.blobRead(f.name, p, offset), 0)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *blobFile) Close() error               { return nil }
func (f *blobFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *blobFile) Name() string               { return f.name }
func (f *blobFile) Size() int64                { return f.size }
func (f *blobFile) Mode() fs.FileMode          { return 0o444 }
func (f *blobFile) ModTime() time.Time         { return time.Time{} }
func (f *blobFile) IsDir() bool                { return false }
func (f *blobFile) Sys() any                   { return nil }
