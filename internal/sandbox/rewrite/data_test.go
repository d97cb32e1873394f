package rewrite

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestMergeSegments compares memory filled by merged segments with memory
// filled by the segments one after the other.
func TestMergeSegments(t *testing.T) {
	const size = 4096
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var segments []Segment
		want := make([]byte, size)
		for range rng.IntN(30) {
			s := Segment{Offset: rng.Uint32N(size - 300), Bytes: make([]byte, 1+rng.IntN(300))}
			for i := range s.Bytes {
				s.Bytes[i] = byte(rng.Uint32())
			}
			segments = append(segments, s)
			copy(want[s.Offset:], s.Bytes)
		}
		got := make([]byte, size)
		end := uint64(0)
		for i, s := range mergeSegments(segments) {
			if i > 0 && uint64(s.Offset) <= end+mergeGap {
				t.Fatalf("seed %d: segment %d begins at %d, the one before ends at %d", seed, i, s.Offset, end)
			}
			copy(got[s.Offset:], s.Bytes)
			end = s.end()
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("seed %d: memory differs", seed)
		}
	}
}

// TestMergeKeepsSegments does not copy what it need not and does not write to
// what it is given.
func TestMergeKeepsSegments(t *testing.T) {
	a, b, c := []byte("aaaa"), []byte("bb"), []byte("c")
	got := mergeSegments([]Segment{{1000, c}, {0, a}, {2, b}})
	if want := "[{0 aabb} {1000 c}]"; text(got) != want {
		t.Errorf("got %s, want %s", text(got), want)
	}
	if string(a) != "aaaa" || &got[1].Bytes[0] != &c[0] {
		t.Error("merging wrote to or copied a segment")
	}
}

func text(segments []Segment) string {
	var parts []string
	for _, s := range segments {
		parts = append(parts, fmt.Sprintf("{%d %s}", s.Offset, s.Bytes))
	}
	return fmt.Sprint(parts)
}

// TestSegmentIndices keeps passive segments apart from one for all active ones.
func TestSegmentIndices(t *testing.T) {
	data := []dataSegment{{mode: active, bytes: []byte("a")}, {mode: passive, bytes: []byte("p")}, {mode: active}, {mode: passive}}
	if d := mergeData(data, true); fmt.Sprint(d.index) != "[2 0 2 1]" || len(d.passive) != 3 || len(d.passive[2]) != 0 || len(d.merged) != 1 {
		t.Errorf("got %+v", d)
	}
	if d := mergeData(data, false); len(d.passive) != 2 {
		t.Errorf("got %+v for segments without names", d)
	}
}
