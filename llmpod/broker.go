package llmpod

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"sync"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/server"
	"github.com/krako-labs/krako/llmpod/slots"
)

// broker gives requests the slots of one server. It carries out what a
// slots.Table decides. Safe for concurrent use.
type broker struct {
	server *server.Server
	class  string
	budget int64 // bytes of parked slots

	mu         sync.Mutex
	table      *slots.Table
	status     server.Status // of the server whose slots the table has
	last       slots.Ticket
	waiters    map[slots.Ticket]chan turn
	sizes      map[slots.Owner]int64
	parked     int64
	eraseless  bool // the server cannot erase: nothing is ever reused
	poisonings uint64
	changed    chan struct{} // closed and replaced when the server's slots come or go
	untidy     pulse         // beats when there may be a slot that must be erased
	over       pulse         // beats when a session is over
}

// turn is a slot given to a request, on the server that it is of.
type turn struct {
	slots.Grant
	status server.Status
}

func newBroker(s *server.Server, class string, cfg *Config) *broker {
	sessions := cfg.ParkedSessions
	if s.Config().Attach != nil {
		sessions = 0 // its files would be somewhere else, and somebody else's
	}
	return &broker{
		server: s, class: class, budget: int64(cfg.ParkedMB) << 20, table: slots.New(0, cfg.MaxWaiting, sessions),
		waiters: map[slots.Ticket]chan turn{}, sizes: map[slots.Owner]int64{}, changed: make(chan struct{}), untidy: make(pulse, 1), over: make(pulse, 1),
	}
}

// follow keeps the table that of the running server until ctx ends.
func (b *broker) follow(ctx context.Context) {
	for ctx.Err() == nil {
		st, changed := b.server.Status()
		b.adopt(st)
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// adopt takes over the slots of a server that is ready, or none.
func (b *broker) adopt(st server.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if st.State == server.Ready && b.status.State == server.Ready && st.Generation == b.status.Generation {
		return
	}
	b.status = st
	n := 0
	if st.State == server.Ready {
		n = st.Props.Slots
		if b.server.Config().Attach != nil {
			n = min(n, b.server.Config().Slots)
		}
	}
	b.table.Reset(n)
	b.serve()
	close(b.changed)
	b.changed = make(chan struct{})
}

// changes returns a channel that is closed when the server's slots come or go.
func (b *broker) changes() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

// acquire waits for a slot. Errors are RESOURCE_EXHAUSTED when too many wait, and
// ctx's.
func (b *broker) acquire(ctx context.Context, o slots.Owner, cost int) (turn, error) {
	b.mu.Lock()
	b.last++
	id, mine := b.last, make(chan turn, 1)
	if !b.table.Ask(id, o, cost) {
		n := b.table.Waiting()
		b.mu.Unlock()
		return turn{}, contracts.Errorf(contracts.CodeResourceExhausted, "pod", "%d requests wait already", n)
	}
	b.waiters[id] = mine
	b.serve()
	b.mu.Unlock()
	select {
	case t := <-mine:
		return t, nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	dropped := b.table.Drop(id)
	delete(b.waiters, id)
	b.mu.Unlock()
	if !dropped { // it was given one in this moment, and nothing was done to that
		t := <-mine
		b.release(t, len(t.Steps) == 0)
	}
	return turn{}, ended(ctx)
}

// serve hands out what is free. b.mu is held.
func (b *broker) serve() {
	for {
		g, ok := b.table.Next()
		if !ok {
			return
		}
		b.waiters[g.Ticket] <- turn{g, b.status}
		delete(b.waiters, g.Ticket)
	}
}

// release gives a slot back. One that is not healthy is erased before its next
// use.
func (b *broker) release(t turn, healthy bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !healthy {
		b.poisonings++
		b.untidy.beat()
	}
	b.giveBack(t, healthy)
}

// giveBack returns a slot to the table. b.mu is held.
func (b *broker) giveBack(t turn, healthy bool) {
	if t.status.Generation == b.status.Generation {
		b.table.Done(t.Grant, healthy)
	}
	for {
		o, ok := b.table.Evict()
		if !ok {
			break
		}
		b.unpark(o)
	}
	b.serve()
}

// prepare makes the slot the owner's. It reports whether the server may reuse
// what the slot holds; if not, the request must forbid it. An error means that the
// slot may hold tokens of somebody else: it is not to be used.
func (b *broker) prepare(ctx context.Context, t turn) (reuse bool, err error) {
	reuse = true
	for _, step := range t.Steps {
		switch step.Do {
		case slots.Park:
			b.park(ctx, t, step.Owner)
		case slots.Erase:
			if err := b.erase(ctx, t); err != nil {
				return false, err
			}
		case slots.Afresh:
			reuse = false
		case slots.Restore:
			// A failure may leave half of it behind.
			if _, err := t.status.Client.Restore(ctx, t.Slot, b.file(step.Owner)); err != nil {
				b.forget(step.Owner)
				if err := b.erase(ctx, t); err != nil {
					return false, err
				}
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return reuse && !b.eraseless, nil
}

// erase empties a slot. A server that cannot is never asked to reuse anything,
// which comes to the same.
func (b *broker) erase(ctx context.Context, t turn) error {
	err := t.status.Client.Erase(ctx, t.Slot)
	if contracts.CodeOf(err) != contracts.CodeUnsupported {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.eraseless = true
	return nil
}

// park saves what a slot holds for its owner, as far as there is room.
func (b *broker) park(ctx context.Context, t turn, o slots.Owner) {
	name := b.file(o)
	if _, err := t.status.Client.Save(ctx, t.Slot, name); err != nil {
		b.forget(o)
		return
	}
	var size int64
	if info, err := os.Stat(b.server.SlotFile(name)); err == nil {
		size = info.Size()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parked += size - b.sizes[o]
	b.sizes[o] = size
	for b.parked > b.budget {
		oldest, ok := b.table.Shed()
		if !ok {
			return
		}
		b.unpark(oldest)
	}
}

// forget drops what is parked for an owner.
func (b *broker) forget(o slots.Owner) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.table.Unpark(o)
	b.unpark(o)
}

// unpark removes an owner's file. b.mu is held.
func (b *broker) unpark(o slots.Owner) {
	b.parked -= b.sizes[o]
	delete(b.sizes, o)
	_ = os.Remove(b.server.SlotFile(b.file(o))) // it may never have been written
}

// file names an owner's file: by the class too, because a server takes a file of
// another model of the same shape without complaint.
func (b *broker) file(o slots.Owner) string {
	h := sha256.New()
	for _, part := range []string{b.class, o.Tenant, o.Session} {
		n := sha256.Sum256([]byte(part))
		h.Write(n[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16]) + ".kv"
}

// usage is how busy the broker is.
func (b *broker) usage() (total, free, waiting int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.Slots(), b.table.Free(), b.table.Waiting()
}
