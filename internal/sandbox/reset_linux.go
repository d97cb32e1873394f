package sandbox

import (
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// Bits of a pagemap entry (Documentation/admin-guide/mm/pagemap.rst).
const (
	pagePresent = 1 << 63
	pageSwapped = 1 << 62
	pageShared  = 1 << 61 // still the image's, not a private copy
)

// maxHotPages is how many private pages are worth keeping: copying them back is
// cheaper than faulting them in again only while they are few.
const maxHotPages = 512

// pagemap is /proc/self/pagemap, which tells dirtied pages.
type pagemap struct{ fd int }

// openPagemap opens it. Where the kernel or a container keeps it from us, fd is
// negative, resets are slower and no less complete.
func openPagemap() pagemap {
	fd, err := unix.Open("/proc/self/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return pagemap{-1}
	}
	return pagemap{fd}
}

func (p pagemap) close() {
	if p.fd >= 0 {
		_ = unix.Close(p.fd) // read-only: nothing can be lost
	}
}

// reset makes the memory equal to the image again. Pages that earlier units
// wrote to are the ones the next will: they are copied back in place, which
// keeps them mapped.
func (r *region) reset() error {
	if r.image.size() == 0 {
		return nil
	}
	if r.dirty.fd >= 0 && r.resetHot() {
		return nil
	}
	return unix.Madvise(r.slice(r.image.size()), unix.MADV_DONTNEED)
}

// resetHot reports whether it did the whole work.
func (r *region) resetHot() bool {
	var entries [4096]byte
	page := os.Getpagesize()
	total := r.image.size() / page
	hot := 0
	for first := 0; first < total; first += len(entries) / 8 {
		b := entries[:8*min(total-first, len(entries)/8)]
		at := int64(uintptr(r.base)) / int64(page) * 8
		if n, err := unix.Pread(r.dirty.fd, b, at+int64(first)*8); err != nil || n != len(b) {
			return false
		}
		for i := 0; i < len(b); i += 8 {
			if !private(binary.NativeEndian.Uint64(b[i:])) {
				continue
			}
			if hot++; hot > maxHotPages {
				return false
			}
			offset := (first + i/8) * page
			copy(r.slice(r.image.size())[offset:offset+page], r.image.view[offset:])
		}
	}
	return true
}

func private(entry uint64) bool {
	return entry&pageSwapped != 0 || entry&pagePresent != 0 && entry&pageShared == 0
}
