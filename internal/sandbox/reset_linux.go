package sandbox

import (
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// Copying dirtied pages back is cheaper than faulting them in again only while
// they are few and finding them is quick: at most maxHotPages of maxScanPages.
const (
	maxHotPages  = 512
	maxScanPages = 16 << 10
)

// hotPages are the pages of a region that are private copies of the image's.
// They are all that may differ from it: a page is one from the moment it is
// first written, and stays one until it is dropped.
type hotPages struct {
	runs []pageRun
	// complete says that runs were all of them when the region was last reset.
	complete bool
	// watched says that since then one thread alone has had the region, and
	// faults how many page faults it had had before.
	watched bool
	faults  uint64
}

// pageRun is pages in a row, in bytes from the region's beginning.
type pageRun struct{ from, to uint32 }

// watch says that from here to the next reset the calling thread, to which the
// goroutine is locked, is the only one to write to the region. No page becomes a
// private copy but by a page fault of the thread that writes to it, so if that
// thread has had none, reset need not look for more. Between the reset before and
// watch nobody may even read it: there are kernels that show no common page of zeros,
// so that a read of memory beyond the image makes a page private.
func (r *region) watch() {
	r.hot.faults, r.hot.watched = 0, false
	if r.hot.complete && r.dirty.counts {
		r.hot.faults, r.hot.watched = threadFaults()
	}
}

// untouched reports whether no page has become private since watch was called.
func (h *hotPages) untouched() bool {
	if !h.complete || !h.watched {
		return false
	}
	now, ok := threadFaults()
	return ok && now == h.faults
}

// threadFaults is how many page faults the thread has had, of either kind: both
// numbers only grow.
func threadFaults() (uint64, bool) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		return 0, false
	}
	return uint64(u.Minflt) + uint64(u.Majflt), true
}

// reset makes the first n bytes equal to the image, and zero after it, again;
// nothing was written beyond them. Pages that earlier units wrote to are the ones
// the next will: they are rewritten in place, which keeps them mapped.
func (r *region) reset(n int) error {
	if n == 0 {
		return nil
	}
	if !r.hot.untouched() {
		r.hot.runs, r.hot.complete = r.dirty.private(r.slice(n), r.hot.runs[:0])
	}
	r.hot.watched = false
	if !r.hot.complete {
		return unix.Madvise(r.slice(n), unix.MADV_DONTNEED)
	}
	for _, run := range r.hot.runs {
		r.restore(int(run.from), int(run.to))
	}
	return nil
}

// restore writes what the bytes of a range were at the start.
func (r *region) restore(from, to int) {
	b := r.slice(to)[from:]
	if from < r.image.size() {
		b = b[copy(b, r.image.view[from:]):]
	}
	clear(b)
}

// Bits of a pagemap entry (Documentation/admin-guide/mm/pagemap.rst).
const (
	pagePresent = 1 << 63
	pageSwapped = 1 << 62
	pageShared  = 1 << 61 // still the image's, not a private copy
)

// pagemap is /proc/self/pagemap, which tells dirtied pages.
type pagemap struct {
	fd int
	// scans says that it answers PAGEMAP_SCAN: one call, and half the time.
	scans bool
	// counts says that the page faults of a thread are counted.
	counts bool
}

// openPagemap opens it. Where the kernel or a container keeps it from us, or it
// tells of other pages than ours, fd is negative: resets are slower and no less
// complete.
func openPagemap() pagemap {
	fd, err := unix.Open("/proc/self/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return pagemap{fd: -1}
	}
	p, err := pagemap{fd: fd, scans: true, counts: true}.proven()
	if err != nil || p.fd < 0 {
		_ = unix.Close(fd) // read-only: nothing can be lost
		return pagemap{fd: -1}
	}
	return p
}

func (p pagemap) close() {
	if p.fd >= 0 {
		_ = unix.Close(p.fd) // read-only: nothing can be lost
	}
}

// private appends the pages of mem that are not the image's to runs, and reports
// whether those are all: there may be too many to tell.
func (p pagemap) private(mem []byte, runs []pageRun) ([]pageRun, bool) {
	switch {
	case p.fd < 0 || len(mem)/os.Getpagesize() > maxScanPages:
		return runs, false
	case p.scans:
		return p.scan(mem, runs)
	}
	return p.read(mem, runs)
}

// read reads the entries of all pages.
func (p pagemap) read(mem []byte, runs []pageRun) ([]pageRun, bool) {
	var entries [4096]byte
	page := os.Getpagesize()
	total, hot := len(mem)/page, 0
	at := int64(address(mem)) / int64(page) * 8
	for first := 0; first < total; first += len(entries) / 8 {
		b := entries[:8*min(total-first, len(entries)/8)]
		if n, err := unix.Pread(p.fd, b, at+int64(first)*8); err != nil || n != len(b) {
			return runs, false
		}
		for i := 0; i < len(b); i += 8 {
			if !private(binary.NativeEndian.Uint64(b[i:])) {
				continue
			}
			if hot++; hot > maxHotPages {
				return runs, false
			}
			from := uint32((first + i/8) * page)
			runs = appendRun(runs, pageRun{from, from + uint32(page)})
		}
	}
	return runs, true
}

func private(entry uint64) bool {
	return entry&pageSwapped != 0 || entry&pagePresent != 0 && entry&pageShared == 0
}

// appendRun appends a run that does not begin before the last one ends.
func appendRun(runs []pageRun, r pageRun) []pageRun {
	if n := len(runs); n > 0 && runs[n-1].to == r.from {
		runs[n-1].to = r.to
		return runs
	}
	return append(runs, r)
}
