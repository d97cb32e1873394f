package worker

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// growth lets the heap of a process for units grow to five times what lives in it,
	// which is little: a fifth of the usual collections, and the memory limit holds.
	growth = 5
	// leastHeap is what is not worth a collection.
	leastHeap = 16 << 20
	// weighHeap is how often the heap is looked at.
	weighHeap = 10 * time.Millisecond
)

// collector has garbage collected while no guest runs. A collection must stop every
// goroutine for a moment, and one that is in a guest's code stops when the guest ends:
// until then the others would stand still, the lookout among them. Only a heap at its
// memory limit is collected whenever it grows; then the agent's patience is what ends
// a task.
type collector struct {
	heap   [1]metrics.Sample
	next   uint64 // the heap at which to collect
	looked time.Time
}

func newCollector() *collector {
	debug.SetGCPercent(-1) // but for the memory limit
	c := &collector{next: leastHeap}
	c.finish() // what began before
	c.heap[0].Name = "/memory/classes/heap/objects:bytes"
	return c
}

// turn collects if it is time. now is the time.
func (c *collector) turn(now time.Time) {
	if now.Sub(c.looked) < weighHeap {
		return
	}
	c.looked = now
	if metrics.Read(c.heap[:]); c.heap[0].Value.Uint64() < c.next {
		return
	}
	runtime.GC()
	c.next = max(growth*c.finish(), leastHeap)
}

// finish returns when no collection is under way any more, with what lives in the heap.
// runtime.GC and debug.SetGCPercent return a little earlier, when all is marked, and what
// is left of it waits for every processor; ReadMemStats waits for its end.
func (c *collector) finish() (lives uint64) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
