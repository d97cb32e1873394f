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

// Copying dirtied pages back is cheaper than faulting them in again only while
// they are few and finding them is quick: at most maxHotPages of maxScanPages.
const (
	maxHotPages  = 512
	maxScanPages = 16 << 10
)

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

// reset makes the first n bytes equal to the image, and zero after it, again.
// Pages that earlier units wrote to are the ones the next will: they are
// rewritten in place, which keeps them mapped.
func (r *region) reset(n int) error {
	if n == 0 || r.dirty.fd >= 0 && r.resetHot(n) {
		return nil
	}
	return unix.Madvise(r.slice(n), unix.MADV_DONTNEED)
}

// resetHot reports whether it did the whole work.
func (r *region) resetHot(n int) bool {
	var entries [4096]byte
	page := os.Getpagesize()
	total := n / page
	if total > maxScanPages {
		return false
	}
	mem, hot := r.slice(n), 0
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
			r.restore(mem[offset:offset+page], offset)
		}
	}
	return true
}

// restore writes what a page at an offset was at the start.
func (r *region) restore(page []byte, offset int) {
	if offset < r.image.size() {
		copy(page, r.image.view[offset:])
	} else {
		clear(page)
	}
}

func private(entry uint64) bool {
	return entry&pageSwapped != 0 || entry&pagePresent != 0 && entry&pageShared == 0
}
