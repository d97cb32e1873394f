package eventlog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// chainOf packs batches of the given lengths, each record 8 KiB.
func chainOf(t *testing.T, epoch uint64, head eventlog.Head, lengths ...int) ([]eventlog.Sealed, []eventlog.Offset, eventlog.Head) {
	t.Helper()
	p := eventlog.NewPacker(cluster, epoch, head)
	var firsts []eventlog.Offset
	for i, n := range lengths {
		records := make([][]byte, n)
		for j := range records {
			records[j] = append(make([]byte, 8<<10), fmt.Sprintf("%d/%d", i, j)...)
		}
		size, err := eventlog.BatchSize(records)
		if err != nil {
			t.Fatal(err)
		}
		first, err := p.Add(records, size)
		if err != nil {
			t.Fatal(err)
		}
		firsts = append(firsts, first)
	}
	sealed, end, err := p.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return sealed, firsts, end
}

// Batches share segments but are never split over two, and the segments make a
// chain that verifies from the beginning to the packer's own idea of the end.
func TestPackerMakesAChain(t *testing.T) {
	sealed, firsts, end := chainOf(t, 7, eventlog.Genesis(), 30, 30, 30, 1, 60, 4)
	if got := fmt.Sprint(firsts); got != "[1 31 61 91 92 152]" {
		t.Errorf("batches begin at %s", got)
	}
	var begins []eventlog.Offset
	head := eventlog.Genesis()
	for _, s := range sealed {
		begins = append(begins, s.First)
		seg, next, err := head.Verify(cluster, s.Encoded)
		if err != nil {
			t.Fatal(err)
		}
		if seg.First != s.First || next.Digest != s.Digest {
			t.Errorf("segment %d %s verified as %d %s", s.First, s.Digest, seg.First, next.Digest)
		}
		head = next
	}
	// 63 records of 8 KiB fill a segment: 30+30, 30+1, 60, then 4 more do not fit.
	if got := fmt.Sprint(begins); got != "[1 61 92 152]" {
		t.Errorf("segments begin at %s", got)
	}
	if head != end || end.Last() != 155 {
		t.Errorf("chain ends at %+v, packer at %+v", head, end)
	}
}

func TestPackerOfNothing(t *testing.T) {
	if sealed, _, end := chainOf(t, 1, eventlog.Genesis()); len(sealed) != 0 || end != eventlog.Genesis() {
		t.Errorf("%d segments, head %+v", len(sealed), end)
	}
}

// Every way in which a segment can be out of place is a CorruptError naming the
// segment that should be there.
func TestVerifyRefuses(t *testing.T) {
	first, _, middle := chainOf(t, 2, eventlog.Genesis(), 3)
	second, _, _ := chainOf(t, 2, middle, 3)
	other, _, _ := chainOf(t, 2, eventlog.Genesis(), 2, 1)
	old, _, _ := chainOf(t, 1, middle, 3)

	forked := middle
	forked.Digest = other[0].Digest
	flipped := append([]byte(nil), second[0].Encoded...)
	flipped[len(flipped)/2] ^= 1

	cases := []struct {
		name    string
		head    eventlog.Head
		cluster string
		encoded []byte
		reason  string
	}{
		{"another log's", middle, "another", second[0].Encoded, "belongs to log"},
		{"skipped", eventlog.Genesis(), cluster, second[0].Encoded, "first record is 4, want 1"},
		{"repeated", middle, cluster, first[0].Encoded, "first record is 1, want 4"},
		{"on another branch", forked, cluster, second[0].Encoded, "follows segment"},
		{"of a fenced writer", middle, cluster, old[0].Encoded, "epoch is 1 after 2"},
		{"no segment", middle, cluster, []byte("junk"), "decode segment"},
	}
	for _, c := range cases {
		_, _, err := c.head.Verify(c.cluster, c.encoded)
		corrupt, ok := errors.AsType[*eventlog.CorruptError](err)
		if !ok || corrupt.Segment != c.head.Next || !strings.Contains(corrupt.Reason, c.reason) {
			t.Errorf("%s: %v, want a CorruptError for segment %d saying %q", c.name, err, c.head.Next, c.reason)
		}
	}
	if _, head, err := middle.Verify(cluster, flipped); err == nil && head.Digest == second[0].Digest {
		t.Error("a flipped bit left the digest as it was")
	}
}

// A reader that begins in the middle trusts the link back and checks all else.
func TestEnter(t *testing.T) {
	_, _, middle := chainOf(t, 2, eventlog.Genesis(), 3)
	second, _, end := chainOf(t, 2, middle, 3)
	_, head, err := eventlog.Enter(cluster, 4, second[0].Encoded)
	if err != nil || head != end {
		t.Errorf("entered to %+v, %v, want %+v", head, err, end)
	}
	for _, first := range []eventlog.Offset{1, 3, 5} {
		_, _, err := eventlog.Enter(cluster, first, second[0].Encoded)
		if corrupt, ok := errors.AsType[*eventlog.CorruptError](err); !ok || corrupt.Segment != first {
			t.Errorf("entered segment 4 as %d: %v", first, err)
		}
	}
	if _, _, err := eventlog.Enter(cluster, 4, []byte("junk")); err == nil {
		t.Error("entered junk")
	}
}
