package coordinator_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/internal/blob"
)

// collecting lets go of records and of blocks as soon as may be.
func collecting(c *coordinator.Config) {
	brief(c)
	c.BlockGrace = time.Second
}

// collected lets go of blocks.
func (f *fabric) collected() coordinator.Collected {
	f.t.Helper()
	s, err := f.Collect(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// upload hands a block in and returns its address.
func (f *fabric) upload(text string) cid.Cid {
	f.t.Helper()
	id, err := f.PutBlock(f.t.Context(), "lab", cid.Raw, []byte(text))
	if err != nil {
		f.t.Fatal(err)
	}
	return id
}

// name hands a block in and a graph whose first unit names it. The block is handed in
// again where that took longer than its grace.
func (f *fabric) name(text string, g *contracts.TaskGraph) (cid.Cid, contracts.SessionID) {
	f.t.Helper()
	for {
		id := f.upload(text)
		g.WorkUnits[0].Blobs = map[string]contracts.Link{"x": {Cid: id}}
		res, err := f.Submit(f.t.Context(), g, contracts.SubmissionMetadata{})
		if err == nil {
			return id, res.SessionID
		}
		if contracts.CodeOf(err) != contracts.CodeNotFound {
			f.t.Fatal(err)
		}
	}
}

// there reports whether the store has a block.
func (f *fabric) there(id cid.Cid) bool {
	f.t.Helper()
	ok, err := f.db.Blocks().Has(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return ok
}

// graced waits until what was handed in before the call is out of its grace: until three
// collections have begun, each of which waits for a grace.
func (f *fabric) graced() {
	f.t.Helper()
	for range 3 {
		f.collected()
	}
}

// outlived hands blocks in until one is there after the collection that follows. A collection waits for a grace, and for another that runs, before it looks:
// a block that had to wait for both may be older than its grace by then.
func (f *fabric) outlived() coordinator.Collected {
	f.t.Helper()
	for i := range 20 {
		id := f.upload(fmt.Sprintf("handed in just now, %d", i))
		if s := f.collected(); f.there(id) {
			return s
		}
	}
	f.t.Fatal("no block that was handed in just now outlived a collection")
	panic("unreachable")
}

// lost lists what the records of the log name and the store has not: graphs,
// invocations, outputs, results and batches.
func (f *fabric) lost() (lost []string) {
	f.t.Helper()
	named := 0
	first, _ := f.db.Log().Base()
	err := f.db.Log().Read(f.t.Context(), first, func(rec eventlog.Record) error {
		r, err := session.DecodeRecord(rec.Data)
		if err != nil {
			return err
		}
		links := map[string]contracts.Link{}
		switch {
		case r.Accepted != nil:
			links["graph"] = r.Accepted.Graph
		case r.Dispatched != nil:
			links["invocation"] = r.Dispatched.UnitCID
		case r.Ended != nil:
			links["output"], links["result"], links["batch"] = r.Ended.Output, r.Ended.Result, r.Ended.Batch
		case r.Closed != nil:
			links["answer"] = r.Closed.Result
		case r.Survey != nil:
			links["survey"], links["docket"] = r.Survey.CID, r.Survey.Docket
		}
		for what, l := range links {
			if !l.Defined() {
				continue
			}
			if named++; !f.there(l.Cid) {
				lost = append(lost, fmt.Sprintf("record %d: %s %s", rec.Offset, what, l))
			}
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	if named == 0 {
		f.t.Error("the log names no block")
	}
	return lost
}

func graphCID(t *testing.T, g *contracts.TaskGraph) cid.Cid {
	t.Helper()
	block, err := g.Admit(contracts.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return blob.Node(block).CID
}

// Blocks that nobody names go: those of sessions that were let go, and those that were
// handed in and never used. What the log names stays, as do results that are listed,
// the catalogue, and what was handed in just now.
func TestUnnamedBlocksAreCollected(t *testing.T) {
	f := startFabric(t, collecting)
	w := f.connect()
	go w.work()
	unused := f.upload("never used")
	long := f.upload(string(make([]byte, 100<<10))) // a file
	public, withdrawn := f.upload("public"), f.upload("public once")
	f.publish(contracts.PublicBlob, public, "data")
	f.withdraw(f.publish(contracts.PublicBlob, withdrawn, "data"))
	g := graph(unit("a", `{"early":1}`))
	early := f.submit(g)
	out := f.end(early).Telemetry.Tasks[0].Output.CID.Cid
	f.run(150)
	if first := f.retired(); first == 1 {
		t.Fatal("no record was let go")
	}
	used, late := f.name("used", graph(unit("a", `{"late":1}`)))
	f.end(late)
	f.graced()
	s := f.outlived()
	for what, c := range map[string]struct {
		id   cid.Cid
		want bool
	}{
		"an unused block": {unused, false}, "a long unused block": {long, false}, "the graph of a session let go": {graphCID(t, g), false},
		"an output of a session let go": {out, false},
		"what is public":                {public, true}, "what was public once": {withdrawn, false},
		"a block that a graph names": {used, true}, "a module of the catalogue": {module.CID, true},
	} {
		if got := f.there(c.id); got != c.want {
			t.Errorf("%s is there: %t", what, got)
		}
	}
	if lost := f.lost(); len(lost) > 0 {
		t.Errorf("%d blocks that the log names are gone: %s ...", len(lost), lost[0])
	}
	if s.Blocks < 300 || s.Bytes == 0 || s.Kept == 0 || s.Runs < 2 {
		t.Errorf("collections came to %+v", s)
	}
	if r := f.end(early); r.Metadata.State != contracts.SessionCompleted {
		t.Errorf("the result of a session let go: %+v", r.Metadata)
	}
	w.leave()
	f.stop()
	f.open(collecting)
	if lost := f.lost(); len(lost) > 0 {
		t.Errorf("%d blocks that the log names are gone after a start: %s ...", len(lost), lost[0])
	}
	f.end(early)
}

// A graph that names a block which is about to go is either refused, or has it.
func TestSubmissionsRaceCollections(t *testing.T) {
	f := startFabric(t, collecting)
	var ids []cid.Cid
	for i := range 400 {
		ids = append(ids, f.upload(fmt.Sprintf("block %d", i)))
	}
	f.graced()
	for i, id := range ids {
		if f.there(id) {
			t.Fatalf("block %d is still there", i)
		}
		f.upload(fmt.Sprintf("block %d", i))
	}
	index := map[cid.Cid]int{}
	for i, id := range ids {
		index[id] = i
	}
	accepted := make([]bool, len(ids))
	submit := func(i int) {
		g := graph(unit("a", fmt.Sprintf(`{"race":%d}`, i)))
		g.WorkUnits[0].Blobs = map[string]contracts.Link{"x": {Cid: ids[i]}}
		_, err := f.Submit(t.Context(), g, contracts.SubmissionMetadata{})
		if accepted[i] = err == nil; err != nil && contracts.CodeOf(err) != contracts.CodeNotFound {
			t.Error(err)
		}
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	met, went := map[int]bool{}, 0
	seen := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(met) > 0 && went > 0
	}
	f.on.Store(&collections{
		each: func(h blob.Held) {
			// Marked as nobody's already, and named now.
			i, ok := index[h.CID]
			mu.Lock()
			first := ok && i%2 == 0 && !met[i]
			if first {
				met[i] = true
			}
			mu.Unlock()
			if first {
				submit(i)
			}
		},
		erase: func(blocks []blob.Held) {
			for _, h := range blocks {
				i, ok := index[h.CID]
				if !ok {
					continue
				}
				mu.Lock()
				went++
				few := went <= 8
				mu.Unlock()
				done := make(chan struct{})
				all.Go(func() { submit(i); close(done) })
				if !few {
					continue
				}
				select {
				case <-done: // it did not wait for the block to go
				case <-time.After(50 * time.Millisecond):
				}
			}
		},
	})
	for range 6 {
		if f.collected(); seen() { // the first ones may be within the grace
			break
		}
	}
	f.on.Store(nil)
	f.collected() // none runs that knows the hooks
	all.Wait()
	for i, ok := range accepted {
		if ok && !f.there(ids[i]) {
			t.Errorf("block %d is gone, and a graph that names it was accepted", i)
		}
		if met[i] && !ok {
			t.Errorf("block %d was there before it was erased, and its graph was refused", i)
		}
	}
	if len(met) == 0 || went == 0 {
		t.Errorf("%d were named while they were looked at and %d while they went", len(met), went)
	}
	t.Logf("%d were named while they were looked at, %d while they went", len(met), went)
}
