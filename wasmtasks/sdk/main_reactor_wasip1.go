//go:build !krako_command

package sdk

import (
	"context"
	"os"
	"unsafe"
)

// program is what Main was given: the functions of the ABI are called from
// outside and have nowhere else to find it.
var program reactor

// Main takes the entries for the calls to come and returns.
func Main(entries ...Entry) {
	program.entries = entries
	program.ctx = NewContext(context.Background(), blobFS{host: sandbox{}}, os.Stderr)
	program.declare = declareMediaType
	program.warm()
}

//go:wasmexport krako_alloc
func alloc(size uint32) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(program.alloc(size)))
}

// run is given the range that alloc returned, which it knows better than by
// address.
//
//go:wasmexport krako_run
func run(_ unsafe.Pointer, size uint32) uint64 {
	answer, failed := program.run(program.input[:size])
	result := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(answer))))<<32 | uint64(len(answer))
	if failed {
		result |= 1 << 63
	}
	return result
}

// sandbox is the blob calls of the host.
type sandbox struct{}

//go:wasmimport krako blob_size
func hostBlobSize(name unsafe.Pointer, size uint32) int64

//go:wasmimport krako blob_read
func hostBlobRead(name unsafe.Pointer, size uint32, offset int64, dst unsafe.Pointer, dstSize uint32) int32

func (sandbox) blobSize(name string) int64 {
	return hostBlobSize(unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)))
}

func (sandbox) blobRead(name string, dst []byte, offset int64) int {
	n := hostBlobRead(unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)),
		offset, unsafe.Pointer(unsafe.SliceData(dst)), uint32(len(dst)))
	return int(n)
}

// blobDirectory lists what is mounted, for which there is only the WASI call.
func (sandbox) blobDirectory() ([]os.DirEntry, error) { return os.ReadDir(blobDir(nil)) }
