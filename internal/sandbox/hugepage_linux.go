package sandbox

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// adviseHuge asks for huge pages behind p, which nothing has touched. Where the
// system has none the advice is refused, and the memory is as it was.
func adviseHuge(p []byte) {
	page := os.Getpagesize()
	from := -int(uintptr(unsafe.Pointer(unsafe.SliceData(p)))) & (page - 1)
	if n := (len(p) - from) &^ (page - 1); n > 0 {
		_ = unix.Madvise(p[from:from+n], unix.MADV_HUGEPAGE)
	}
}
