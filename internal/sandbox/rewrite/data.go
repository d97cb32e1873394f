package rewrite

import (
	"cmp"
	"slices"
)

// mergedData is what becomes of the data segments: passive ones keep their
// order and come first, active ones are merged and come after.
type mergedData struct {
	passive [][]byte
	merged  []Segment
	index   []uint32 // of each of the guest's segments
}

// mergeGap is the largest run of zero bytes that is stored rather than begun
// a new segment after: about what a segment costs by itself.
const mergeGap = 64

// mergeData merges the active segments. Instantiation leaves them dropped (Core
// 2.0, section 4.5.4): to memory.init and data.drop they are empty, as is the
// passive segment that takes their index if instructions may name segments.
// The engine itself does not drop them.
func mergeData(data []dataSegment, named bool) mergedData {
	d := mergedData{index: make([]uint32, len(data))}
	var act []Segment
	for i, s := range data {
		switch {
		case s.mode == passive:
			d.index[i] = uint32(len(d.passive))
			d.passive = append(d.passive, s.bytes)
		case len(s.bytes) > 0:
			act = append(act, Segment{s.offset, s.bytes})
		}
	}
	if named && len(d.passive) < len(data) {
		for i, s := range data {
			if s.mode == active {
				d.index[i] = uint32(len(d.passive))
			}
		}
		d.passive = append(d.passive, nil)
	}
	d.merged = mergeSegments(act)
	return d
}

// mergeSegments joins segments that overlap, touch or nearly so. Memory is zero
// but for them, and where they overlap the later in the list counts.
func mergeSegments(segments []Segment) []Segment {
	order := make([]int, len(segments))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(segments[i].Offset, segments[j].Offset), cmp.Compare(i, j))
	})
	var merged []Segment
	for first := 0; first < len(order); {
		start := segments[order[first]].Offset
		end := segments[order[first]].end()
		next := first + 1
		for next < len(order) && uint64(segments[order[next]].Offset) <= end+mergeGap {
			end = max(end, segments[order[next]].end())
			next++
		}
		merged = append(merged, overlay(segments, order[first:next], start, end))
		first = next
	}
	return merged
}

// overlay writes the listed segments into one, in the order of the module.
func overlay(segments []Segment, which []int, start uint32, end uint64) Segment {
	if len(which) == 1 {
		return segments[which[0]]
	}
	slices.Sort(which)
	image := make([]byte, end-uint64(start))
	for _, i := range which {
		copy(image[segments[i].Offset-start:], segments[i].Bytes)
	}
	return Segment{start, image}
}

func (s Segment) end() uint64 { return uint64(s.Offset) + uint64(len(s.Bytes)) }
