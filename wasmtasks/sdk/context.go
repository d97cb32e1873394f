package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// contextKey keys the guest in a task's context.
type contextKey struct{}

// guest is what the ABI in use offers a running task.
type guest struct {
	blobs fs.FS
	log   io.Writer
}

// NewContext returns a context in which a task finds the files of blobs and
// logs to log. Main makes one for every invocation; tests make their own, with
// an fstest.MapFS for example. A nil blobs has none, a nil log discards.
func NewContext(ctx context.Context, blobs fs.FS, log io.Writer) context.Context {
	return context.WithValue(ctx, contextKey{}, guest{blobs: blobs, log: log})
}

func guestOf(ctx context.Context) guest {
	g, _ := ctx.Value(contextKey{}).(guest)
	return g
}

// Blob returns the content of the named blob. Large blobs that are read once
// are better opened: a guest's memory is small.
func Blob(ctx context.Context, name string) ([]byte, error) {
	blobs := guestOf(ctx).blobs
	if blobs == nil {
		return nil, missing(name, fs.ErrNotExist)
	}
	b, err := fs.ReadFile(blobs, name)
	if err != nil {
		return nil, missing(name, err)
	}
	return b, nil
}

// OpenBlob opens the named blob for reading from its beginning. The caller
// closes it.
func OpenBlob(ctx context.Context, name string) (io.ReadCloser, error) {
	blobs := guestOf(ctx).blobs
	if blobs == nil {
		return nil, missing(name, fs.ErrNotExist)
	}
	f, err := blobs.Open(name)
	if err != nil {
		return nil, missing(name, err)
	}
	return f, nil
}

// BlobReader reads a blob in any order, in pieces: an index or a model, of which
// a call needs little. The caller closes it.
type BlobReader struct {
	io.ReaderAt
	io.Closer
	// Size is the blob's length in bytes.
	Size int64
}

// OpenBlobAt opens the named blob for reading anywhere in it.
func OpenBlobAt(ctx context.Context, name string) (*BlobReader, error) {
	f, err := OpenBlob(ctx, name)
	if err != nil {
		return nil, err
	}
	var info fs.FileInfo
	at, ok := f.(io.ReaderAt)
	if ok {
		info, err = f.(fs.File).Stat()
	}
	if !ok || err != nil {
		return nil, errors.Join(missing(name, errors.New("cannot be read in any order")), err, f.Close())
	}
	return &BlobReader{at, f, info.Size()}, nil
}

// Blobs lists the names of all blobs mounted for the task, sorted bytewise.
func Blobs(ctx context.Context) ([]string, error) {
	blobs := guestOf(ctx).blobs
	if blobs == nil {
		return nil, nil
	}
	files, err := fs.ReadDir(blobs, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list blobs: %w", err)
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Name()
	}
	return names, nil
}

// missing says which blob could not be had, without the path it lies under:
// that belongs to the ABI.
func missing(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("blob %q: not mounted: %w", name, fs.ErrNotExist)
	}
	return fmt.Errorf("blob %q: %w", name, err)
}

// Logf writes one line to the unit's log. The log is bounded by the host, kept
// for people only and never part of a result; it carries no time, so that equal
// runs have equal logs.
func Logf(ctx context.Context, format string, args ...any) {
	if log := guestOf(ctx).log; log != nil {
		fmt.Fprintf(log, format+"\n", args...)
	}
}
