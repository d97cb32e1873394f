//go:build !linux

package sandbox

// image is the memory that instances of a module start from.
type image struct{ view []byte }

// newImage makes an image that ends with the last segment and is zero between
// them.
func newImage(segments []segment) (*image, error) {
	i := &image{view: make([]byte, imageSize(segments))}
	for _, s := range segments {
		copy(i.view[s.offset:], s.bytes)
	}
	return i, nil
}

func (i *image) size() int { return len(i.view) }

func (i *image) release() { i.view = nil }

// region is one instance's memory, on the heap: it starts as a copy of the
// image and is copied again when it must be larger.
type region struct {
	buf   []byte
	limit int
	image *image
}

func newRegion(i *image, bytes int, _ pagemap) (*region, error) {
	r := &region{buf: make([]byte, i.size()), limit: bytes, image: i}
	copy(r.buf, i.view)
	return r, nil
}

// slice is the first n bytes, or nil if that is more than the region may have.
func (r *region) slice(n int) []byte {
	if n > r.limit {
		return nil
	}
	if n > cap(r.buf) {
		grown := make([]byte, n, min(max(n, 2*cap(r.buf)), r.limit))
		copy(grown, r.buf)
		r.buf = grown
	}
	r.buf = r.buf[:max(n, len(r.buf))]
	return r.buf[:n]
}

func (r *region) free() { r.buf = nil }

// pagemap has nothing to tell here: every reset copies the whole image.
type pagemap struct{}

func openPagemap() pagemap { return pagemap{} }

func (pagemap) close() {}

// watch has nothing to tell here either.
func (r *region) watch() {}

// reset makes the first n bytes equal to the image, and zero after it, again.
func (r *region) reset(n int) error {
	clear(r.slice(n)[copy(r.slice(n), r.image.view):])
	return nil
}
