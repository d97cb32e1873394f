package node

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox"
)

func testBacklog(change func(*Config)) *backlog {
	cfg := DefaultConfig()
	cfg.Slots, cfg.MemoryMB, cfg.MaxOutputMB = 2, 10, 1
	if change != nil {
		change(&cfg)
	}
	return newBacklog(&cfg)
}

func testUnit(lease uint64, mb uint32) *unit {
	return &unit{
		lease: lease, id: dagcbor.RawCID([]byte{byte(lease)}), timeout: time.Hour,
		call: &contracts.Invocation{MemoryPages: mb * pagesPerMB},
	}
}

// take gives a slot to one unit, nil if the backlog is closed.
func take(b *backlog) *batch { return b.next(1) }

// finish reports the result of the unit in a slot, and gives the slot back.
func finish(t testing.TB, b *backlog, a *batch, output []byte) {
	t.Helper()
	b.done(a.units[0], testReport(t, a.units[0], output))
	b.vacate(a)
}

func testReport(t testing.TB, u *unit, output []byte) *report {
	t.Helper()
	now := time.Unix(0, 0)
	r, err := newReport(u, "node", sandbox.Outcome{Output: output, MediaType: "application/json"}, now, now.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestUnitsWaitForMemoryInOrder(t *testing.T) {
	b := testBacklog(nil)
	for _, u := range []*unit{testUnit(1, 6), testUnit(2, 6), testUnit(3, 1)} {
		if !b.add(u, true) {
			t.Fatal("unit was not taken")
		}
	}
	first := take(b)
	if first.units[0].lease != 1 || b.runnable() != nil {
		t.Fatalf("lease %d runs, and one passed over another that waits for memory", first.units[0].lease)
	}
	finish(t, b, first, nil)
	second, third := take(b).units[0], take(b).units[0]
	if second.lease != 2 || third.lease != 3 {
		t.Errorf("leases %d and %d run, want 2 and 3", second.lease, third.lease)
	}
}

func TestKeptOutputsHoldBackUnits(t *testing.T) {
	b := testBacklog(nil)
	b.add(testUnit(1, 1), true)
	finish(t, b, take(b), make([]byte, 1<<20))
	b.add(testUnit(2, 1), true)
	if b.runnable() != nil || b.credit(0) != 0 {
		t.Error("a unit may start while the outputs fill their room")
	}
	_, batch := b.collect(true, 256)
	b.release(batch)
	b.free(1 << 20) // the batch is recorded
	if u := take(b).units[0]; u.lease != 2 {
		t.Errorf("lease %d runs", u.lease)
	}
}

func TestLeaseIsTakenOnce(t *testing.T) {
	b := testBacklog(nil)
	if !b.add(testUnit(1, 1), true) || b.add(testUnit(1, 1), true) {
		t.Error("a lease in hand was taken again")
	}
	if leases := b.leases(); len(leases) != 1 {
		t.Errorf("leases %v", leases)
	}
}

func TestCancelEndsUnitsInEveryPhase(t *testing.T) {
	b := testBacklog(nil)
	staging, waiting, run := testUnit(1, 1), testUnit(2, 1), testUnit(3, 1)
	b.add(run, true)
	ctx := take(b).units[0].ctx
	b.add(staging, false)
	b.add(waiting, true)
	b.cancel([]uint64{1, 2, 3, 4}, errCancelled)
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Error("the running unit was not stopped")
	}
	if b.runnable() != nil {
		t.Error("a cancelled unit may run")
	}
	b.complete(staging)
	b.done(run, testReport(t, run, nil)) // it ended just before it was stopped
	faults, batch := b.collect(true, 256)
	if len(faults) != 3 || len(batch) != 0 || !b.idle() {
		t.Errorf("%d faults and %d results, want 3 and none", len(faults), len(batch))
	}
	for _, f := range faults {
		if f.Code != contracts.CodeCancelled {
			t.Errorf("fault %+v", f)
		}
	}
	if len(b.leases()) != 0 {
		t.Error("reported leases are still listed")
	}
}

func TestForgetLeavesNothing(t *testing.T) {
	b := testBacklog(nil)
	done, run, staging := testUnit(1, 1), testUnit(2, 1), testUnit(3, 1)
	b.add(done, true)
	b.add(run, true)
	b.add(staging, false)
	finish(t, b, take(b), make([]byte, 1000))
	slot := take(b)
	ctx := slot.units[0].ctx
	b.refuse(&p2p.Fault{Lease: 9, Code: contracts.CodeValidation})
	b.forget()
	if ctx.Err() == nil {
		t.Error("a unit of the other cluster runs on")
	}
	b.failed(run, errors.New("stopped"))
	b.vacate(slot)
	b.postpone(staging)
	faults, batch := b.collect(true, 256)
	if len(faults)+len(batch)+len(b.leases()) != 0 || b.output != 0 || b.pages != 0 || b.busy != 0 || !b.idle() {
		t.Errorf("left are %d faults, %d results, %d leases, %d bytes, %d pages", len(faults), len(batch), len(b.leases()), b.output, b.pages)
	}
}

func TestLeaseIsListedUntilItsReportLeaves(t *testing.T) {
	b := testBacklog(nil)
	b.add(testUnit(1, 1), true)
	finish(t, b, take(b), nil)
	_, batch := b.collect(true, 256)
	if len(b.leases()) != 1 {
		t.Error("the lease is lost while its result is being signed")
	}
	b.release(batch)
	if len(b.leases()) != 0 {
		t.Error("the lease is listed twice: here and in the outbox")
	}
}

func TestBatchesAreBounded(t *testing.T) {
	b := testBacklog(func(c *Config) { c.MaxOutputMB = 100 })
	for lease := range uint64(300) {
		b.add(testUnit(lease, 1), true)
		finish(t, b, take(b), make([]byte, maxInline))
	}
	if _, batch := b.collect(false, 256); batch != nil {
		t.Error("results were taken though none may be signed")
	}
	if _, batch := b.collect(true, 5); len(batch) != 5 {
		t.Errorf("%d results, the coordinator takes 5", len(batch))
	}
	total := 5
	for !b.idle() {
		_, batch := b.collect(true, 256)
		size := 0
		for _, r := range batch {
			size += len(r.output)
		}
		if len(batch) == 0 || size > p2p.MaxFrame {
			t.Fatalf("batch of %d results with %d bytes", len(batch), size)
		}
		total += len(batch)
	}
	if total != 300 {
		t.Errorf("%d results were collected, want 300", total)
	}
}

func TestCreditCountsWhatIsInHand(t *testing.T) {
	b := testBacklog(nil)
	if n := b.credit(0); n != 3 {
		t.Errorf("credit %d, want a window of 3", n)
	}
	if n := b.credit(2); n != 1 {
		t.Errorf("credit %d with 2 granted, want 1", n)
	}
	b.add(testUnit(1, 1), true)
	b.add(testUnit(2, 1), false)
	if n := b.credit(1); n != 0 {
		t.Errorf("credit %d with the window full", n)
	}
	finish(t, b, take(b), nil)
	if n := b.credit(1); n != 0 {
		t.Errorf("credit %d while a result is not on its way", n)
	}
	b.collect(true, 256)
	if n := b.credit(1); n != 1 {
		t.Errorf("credit %d, want 1", n)
	}
}

func TestCloseLetsSlotsGo(t *testing.T) {
	b := testBacklog(nil)
	gone := make(chan *batch)
	go func() { gone <- take(b) }()
	b.close()
	if a := <-gone; a != nil {
		t.Errorf("slot got %+v", a)
	}
	if b.add(testUnit(1, 1), true) {
		t.Error("a unit was taken after close")
	}
}

func TestStagersLeaveWithTheStream(t *testing.T) {
	b := testBacklog(nil)
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan *unit)
	go func() { gone <- b.nextStaged(ctx) }()
	cancel()
	if u := <-gone; u != nil {
		t.Errorf("stager got %+v", u)
	}
}

func TestFifoKeepsOrder(t *testing.T) {
	var q fifo[int]
	in, out := 0, 0
	for round := range 5000 {
		for range round % 7 {
			q.push(in)
			in++
		}
		for range min(round%6, q.len()) {
			if first := q.first(); first != out || q.pop() != out {
				t.Fatalf("item %d is out of order", out)
			}
			out++
		}
	}
	if q.len() != in-out || cap(q.items) > 4*(q.len()+1024) {
		t.Errorf("%d items in room for %d", q.len(), cap(q.items))
	}
}
