package sandbox

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// sampleImage has zero pages, full pages and an odd tail.
func sampleImage(t *testing.T, pages int) (*image, []byte) {
	t.Helper()
	want := make([]byte, pages*pageSize)
	for at := 0; at < len(want)-pageSize; at += 3 * osPage {
		want[at+at%osPage] = byte(at>>12) | 1
	}
	i, err := newImage(nonzero(want))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.release)
	return i, want
}

func TestRegionResets(t *testing.T) {
	p := openPagemap()
	defer p.close()
	for name, p := range map[string]pagemap{"with pagemap": p, "without": noPagemap()} {
		t.Run(name, func(t *testing.T) {
			const pages = 80 // more pages than a hot set may have
			i, want := sampleImage(t, pages)
			r, err := newRegion(i, (pages+2)*pageSize, p)
			if err != nil {
				t.Fatal(err)
			}
			defer r.free()
			rng := rand.New(rand.NewPCG(1, 2))
			for _, writes := range []int{0, 1, 20, 20, 2000, 5} {
				mem := r.slice(len(want))
				for range writes {
					mem[rng.IntN(len(mem))] ^= 0x55
				}
				if err := r.reset(len(want)); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(r.slice(len(want)), want) {
					t.Fatalf("after %d writes the memory is not the image", writes)
				}
			}
			if !bytes.Equal(i.view, want[:i.size()]) || i.size() != len(want)-pageSize {
				t.Error("the image itself changed")
			}
		})
	}
}

func TestRegionGrows(t *testing.T) {
	i, want := sampleImage(t, 2)
	m, err := newLinearMemory(i, 5, noPagemap())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Free()
	if got := m.Reallocate(2 * pageSize); !bytes.Equal(got, want) {
		t.Fatal("a new memory is not the image")
	}
	m.allow(4)
	m.Reallocate(2 * pageSize)[7] = 9
	got := m.Reallocate(4 * pageSize)
	if len(got) != 4*pageSize || got[7] != 9 || !allZero(got[2*pageSize:]) || m.pages() != 4 {
		t.Error("growing lost or invented bytes")
	}
	if m.Reallocate(5*pageSize) != nil || !m.refused || m.pages() != 4 {
		t.Error("growing beyond the limit was not refused")
	}
}

func TestEmptyImage(t *testing.T) {
	i, err := newImage(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer i.release()
	m, err := newLinearMemory(i, 1, noPagemap())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Free()
	got := m.Reallocate(pageSize)
	got[9] = 9
	if err := m.reset(1); err != nil || !allZero(got) {
		t.Errorf("after a reset byte 9 is %d: %v", got[9], err)
	}
}

func TestNonzero(t *testing.T) {
	mem := make([]byte, 5*osPage+10)
	mem[osPage], mem[3*osPage-1], mem[5*osPage+9] = 1, 1, 1
	var got [][2]int
	for _, s := range nonzero(mem) {
		got = append(got, [2]int{int(s.offset), len(s.bytes)})
	}
	if len(got) != 2 || got[0] != [2]int{osPage, 2 * osPage} || got[1] != [2]int{5 * osPage, 10} {
		t.Errorf("runs = %v", got)
	}
}
