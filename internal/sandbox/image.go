package sandbox

import "encoding/binary"

// A segment is a run of bytes at an offset of the memory.
type segment struct {
	offset uint32
	bytes  []byte
}

// osPage is the unit in which images are kept sparse: at most the size of a
// page of any operating system, so that an untouched page stays untouched.
const osPage = 4096

// imageSize is the size of the image that holds the segments: whole pages up to
// the last byte of any.
func imageSize(segments []segment) int {
	end := 0
	for _, s := range segments {
		end = max(end, int(s.offset)+len(s.bytes))
	}
	return (end + pageSize - 1) / pageSize * pageSize
}

// nonzero returns the runs of mem that an image must hold, in whole osPages;
// the segments alias mem.
func nonzero(mem []byte) []segment {
	var runs []segment
	start := -1
	for at := 0; at < len(mem); at += osPage {
		zero := allZero(mem[at:min(at+osPage, len(mem))])
		switch {
		case !zero && start < 0:
			start = at
		case zero && start >= 0:
			runs = append(runs, segment{uint32(start), mem[start:at]})
			start = -1
		}
	}
	if start >= 0 {
		runs = append(runs, segment{uint32(start), mem[start:]})
	}
	return runs
}

func allZero(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
