package sandbox

import (
	"bufio"
	"io"
	"reflect"

	"github.com/tetratelabs/wazero"
)

// wazero reads native code from its file with a call for each of the thousands of
// numbers in front of it, into memory of which every page is faulted in by itself.
// Where a fault is dear, as it is on virtual machines whose host keeps the page
// tables, that is most of what loading a Go module of 15 MB of native code takes. So
// its files are read in blocks, and it is read into huge pages. It is the same code,
// and the engine checks its sum as ever.

// engineFiles is the interface that wazero has for its files of native code and does
// not export.
type engineFiles interface {
	Get(key [32]byte) (content io.ReadCloser, ok bool, err error)
	Add(key [32]byte, content io.Reader) error
	Delete(key [32]byte) error
}

// readInBlocks has the engine's files read so. It reports false, and all stays as it
// is, if this wazero has no such field.
func readInBlocks(cache wazero.CompilationCache) bool {
	v := reflect.ValueOf(cache)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return false
	}
	field := v.Elem().FieldByName("fileCache")
	if field.Kind() != reflect.Interface || !reflect.TypeFor[inBlocks]().Implements(field.Type()) {
		return false
	}
	field = reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem() // it is not exported
	files, ok := field.Interface().(engineFiles)
	if ok {
		field.Set(reflect.ValueOf(inBlocks{files}))
	}
	return ok
}

type inBlocks struct{ engineFiles }

func (b inBlocks) Get(key [32]byte) (io.ReadCloser, bool, error) {
	content, ok, err := b.engineFiles.Get(key)
	if err != nil || !ok {
		return content, ok, err
	}
	return &blockReader{bufio.NewReaderSize(content, 64<<10), content}, true, nil
}

// blockReader reads small things by way of a buffer and large ones straight into
// where they go.
type blockReader struct {
	*bufio.Reader
	io.Closer
}

func (r *blockReader) Read(p []byte) (int, error) {
	if len(p) >= hugePage {
		adviseHuge(p)
	}
	return r.Reader.Read(p)
}

// hugePage is the size of one on amd64 and, with pages of 4 KiB, on arm64.
const hugePage = 2 << 20
