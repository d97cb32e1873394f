package coordinator

import (
	"strconv"
	"testing"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

func TestOutputsForgetTheOldest(t *testing.T) {
	var r outputs
	block := func(i int) string { return strconv.Itoa(i) }
	for i := range maxOutputs + 1 {
		id := dagcbor.RawCID([]byte(block(i)))
		if r.has(id) {
			t.Fatalf("block %d is known before it came", i)
		}
		r.add(id)
		r.add(id)
	}
	if r.has(dagcbor.RawCID([]byte(block(0)))) {
		t.Error("the oldest is remembered beyond the bound")
	}
	for _, i := range []int{1, maxOutputs} {
		if !r.has(dagcbor.RawCID([]byte(block(i)))) {
			t.Errorf("block %d is forgotten within the bound", i)
		}
	}
	if len(r.seen) != maxOutputs {
		t.Errorf("%d blocks are remembered, the bound is %d", len(r.seen), maxOutputs)
	}
}
