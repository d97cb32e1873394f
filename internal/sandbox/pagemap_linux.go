package sandbox

import (
	"os"
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// PAGEMAP_SCAN of linux/fs.h, since Linux 6.7.
const (
	pagemapScan = 3<<30 | unsafe.Sizeof(scanArg{})<<16 | 'f'<<8 | 16

	scanFile    = 1 << 2 // the image's, or of another file
	scanPresent = 1 << 3
	scanSwapped = 1 << 4
	scanZero    = 1 << 5 // the kernel's page of zeros, read and never written
)

// scanArg is struct pm_scan_arg.
type scanArg struct {
	size, flags                            uint64
	start, end, walkEnd                    uint64
	vec, vecLen, maxPages                  uint64
	inverted, allOf, anyOf, returnedInRuns uint64
}

// scanRun is struct page_region.
type scanRun struct{ start, end, categories uint64 }

// scanCall is what one call takes. It is on the heap, for the argument holds
// the address of the runs as a number and stacks move.
type scanCall struct {
	arg  scanArg
	runs [64]scanRun
}

var scanCalls = sync.Pool{New: func() any { return new(scanCall) }}

// scan has the kernel pick the private pages.
func (p pagemap) scan(mem []byte, runs []pageRun) ([]pageRun, bool) {
	c := scanCalls.Get().(*scanCall)
	defer scanCalls.Put(c)
	page := uint64(os.Getpagesize())
	base := uint64(address(mem))
	left := uint64(maxHotPages)
	c.arg = scanArg{
		size: uint64(unsafe.Sizeof(c.arg)), start: base, end: base + uint64(len(mem)),
		vec: uint64(uintptr(unsafe.Pointer(&c.runs))), vecLen: uint64(len(c.runs)),
		inverted: scanFile | scanZero, allOf: scanFile | scanZero, anyOf: scanPresent | scanSwapped,
	}
	for c.arg.start < c.arg.end {
		c.arg.maxPages = left + 1
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(p.fd), pagemapScan, uintptr(unsafe.Pointer(c)))
		if errno != 0 || n > uintptr(len(c.runs)) || c.arg.walkEnd <= c.arg.start {
			return runs, false
		}
		for _, r := range c.runs[:n] {
			pages := (r.end - r.start) / page
			if pages > left {
				return runs, false
			}
			left -= pages
			runs = appendRun(runs, pageRun{uint32(r.start - base), uint32(r.end - base)})
		}
		c.arg.start = c.arg.walkEnd
	}
	runtime.KeepAlive(c)
	return runs, true
}

// address is where mem begins.
func address(mem []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(mem))) }

// proven returns p with what it is seen to tell. What the kernel counts is
// trusted with keeping units apart, so it must be seen to count here: an emulator
// of it may have other addresses, or leave the counters at zero.
func (p pagemap) proven() (pagemap, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	sample := make([]byte, 2*pageSize)
	sample[0], sample[len(sample)-1] = 1, 1
	i, err := newImage([]segment{{0, sample}})
	if err != nil {
		return p, err
	}
	defer i.release()
	r, err := newRegion(i, 2*len(sample), p)
	if err != nil {
		return p, err
	}
	defer r.free()
	p.counts = r.dirty.counts // newRegion may know better
	mem := r.slice(2 * len(sample))
	page := os.Getpagesize()
	var want []pageRun
	for _, half := range []int{0, len(sample)} { // the image, and what is beyond it
		at := half + page
		read := mem[half] // this page stays the image's
		before, ok := threadFaults()
		mem[at] += 1 + read
		after, _ := threadFaults()
		p.counts = p.counts && ok && after > before
		want = append(want, pageRun{uint32(at), uint32(at + page)})
	}
	tells := func(find func([]byte, []pageRun) ([]pageRun, bool)) bool {
		got, ok := find(mem, nil)
		return ok && !covers(got, pageRun{0, uint32(page)}) && covers(got, want[0]) && covers(got, want[1])
	}
	p.scans = p.scans && tells(p.scan)
	if !p.scans && !tells(p.read) {
		p.fd = -1
	}
	return p, nil
}

// covers reports whether one of the runs has all of r.
func covers(runs []pageRun, r pageRun) bool {
	return slices.ContainsFunc(runs, func(in pageRun) bool { return in.from <= r.from && r.to <= in.to })
}
