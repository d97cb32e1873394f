package sandbox

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// image is the memory that instances of a module start from: a sealed memfd, so
// that instances can share its pages and nothing can change them.
type image struct {
	fd   int
	view []byte // the whole image, read-only
}

// newImage makes an image that ends with the last segment and is zero between
// them.
func newImage(segments []segment) (*image, error) {
	fd, err := unix.MemfdCreate("krako-module", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("create memory image: %w", err)
	}
	i := &image{fd: fd}
	if err := i.fill(imageSize(segments), segments); err != nil {
		i.release()
		return nil, fmt.Errorf("fill memory image: %w", err)
	}
	return i, nil
}

func (i *image) fill(size int, segments []segment) error {
	if size == 0 {
		return nil
	}
	if err := unix.Ftruncate(i.fd, int64(size)); err != nil {
		return err
	}
	for _, s := range segments {
		for at := 0; at < len(s.bytes); {
			n, err := unix.Pwrite(i.fd, s.bytes[at:], int64(s.offset)+int64(at))
			if err != nil {
				return err
			}
			at += n
		}
	}
	const seals = unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(i.fd), unix.F_ADD_SEALS, seals); err != nil {
		return err
	}
	view, err := unix.Mmap(i.fd, 0, size, unix.PROT_READ, unix.MAP_SHARED)
	i.view = view
	return err
}

func (i *image) size() int { return len(i.view) }

// release gives the image up. Memories mapped from it stay valid.
func (i *image) release() {
	if i.view != nil {
		_ = unix.Munmap(i.view) // fails only for a range that is no mapping
	}
	_ = unix.Close(i.fd)
}

// region is one instance's memory: an address range of fixed size whose
// beginning is a private mapping of an image, the rest zero. Pages are shared with the image
// until they are written and take no memory until they are touched.
type region struct {
	base  unsafe.Pointer
	bytes int
	image *image
	dirty pagemap
	hot   hotPages
}

func newRegion(i *image, bytes int, p pagemap) (*region, error) {
	const prot = unix.PROT_READ | unix.PROT_WRITE
	bytes = max(bytes, pageSize) // a mapping cannot be empty
	base, err := unix.MmapPtr(-1, 0, nil, uintptr(bytes), prot, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("reserve %d bytes of memory: %w", bytes, err)
	}
	r := &region{base: base, bytes: bytes, image: i, dirty: p}
	if i.size() > 0 {
		if _, err := unix.MmapPtr(i.fd, 0, base, uintptr(i.size()), prot, unix.MAP_PRIVATE|unix.MAP_FIXED); err != nil {
			r.free()
			return nil, fmt.Errorf("map memory image: %w", err)
		}
	}
	r.keepSmallPages()
	return r, nil
}

// keepSmallPages has the kernel never put pages together into a larger one. That
// would take memory that nobody touched, and make pages writable without a fault.
func (r *region) keepSmallPages() {
	err := unix.Madvise(r.slice(r.bytes), unix.MADV_NOHUGEPAGE)
	if err != nil && err != unix.EINVAL { // EINVAL: this kernel has no large ones
		r.dirty.counts = false
	}
}

// slice is the first n bytes, or nil if the region is smaller.
func (r *region) slice(n int) []byte {
	if n > r.bytes {
		return nil
	}
	return unsafe.Slice((*byte)(r.base), n)
}

func (r *region) free() {
	if r.base != nil {
		_ = unix.MunmapPtr(r.base, uintptr(r.bytes)) // fails only for a range that is no mapping
		r.base = nil
	}
}
