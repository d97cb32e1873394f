package worker

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
)

func TestShelfLetsTheOldestGo(t *testing.T) {
	var s shelf
	id := func(n int) cid.Cid { return dagcbor.RawCID([]byte{byte(n)}) }
	for n := range 4 {
		s.put(id(n), 10, 1)
	}
	s.find(id(0), 2)
	if gone := s.trim(20, 2); fmt.Sprint(gone) != fmt.Sprint([]cid.Cid{id(1), id(2)}) {
		t.Errorf("gone are %v", gone)
	}
	if gone := s.trim(0, 2); len(gone) != 1 || gone[0] != id(3) || s.size != 10 {
		t.Errorf("gone are %v, %d bytes are left; the batch uses one", gone, s.size)
	}
	if _, ok := s.find(id(3), 3); ok {
		t.Error("a block that is gone is there")
	}
	if gone := s.trim(0, 3); len(gone) != 1 || s.size != 0 {
		t.Errorf("gone are %v, %d bytes are left", gone, s.size)
	}
}

// TestBlocksAreSentOnce runs tasks over blocks that fit what a process keeps,
// and over some that do not.
func TestBlocksAreSentOnce(t *testing.T) {
	p := newProcesses(t, func(o *Options) { o.Slots, o.KeepBlocks = 1, 1000 })
	module, blocks := admit(t, p, sandboxtest.Open("blobs/x")), &larder{}
	over := func(fill byte, size int) Task {
		b := make([]byte, size)
		b[0] = fill
		id := blocks.put(b)
		return task(module, func(c *contracts.Invocation) { c.Blobs = map[string]contracts.Link{"x": {Cid: id}} })
	}
	small, other := over(1, 400), over(2, 500)
	for range 3 {
		for i, e := range run(t, p, blocks, small, other, small) {
			if want := []byte{1, 2, 1}[i]; e.Err != nil || len(e.Outcome.Output) < 5 || e.Outcome.Output[4] != want {
				t.Errorf("task %d: %+v", i, e)
			}
		}
	}
	large := []Task{over(3, 900), over(4, 900)}
	for range 3 {
		for i := range large {
			if e := run(t, p, blocks, large[i])[0]; e.Err != nil || len(e.Outcome.Output) < 5 || e.Outcome.Output[4] != byte(3+i) {
				t.Errorf("large task %d: %+v", i, e)
			}
		}
	}
	asked := map[byte]int{}
	for id, n := range blocks.asked {
		asked[blocks.data[id][0]] = n
	}
	if d := cmp.Diff(map[byte]int{1: 1, 2: 1, 3: 3, 4: 3}, asked); d != "" {
		t.Error(d)
	}
}
