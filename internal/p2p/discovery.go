package p2p

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// maxHints bounds what is remembered of discovery, the configured
	// coordinators excepted.
	maxHints = 64
	// firstRound and lastRound are the first and the greatest pause between two
	// rounds through the same hints.
	firstRound = time.Second
	lastRound  = time.Minute
)

// FindCoordinators returns hints where the coordinators of the configured
// rendezvous are: those of the configuration first, then what mDNS and the DHT
// find. When all have been taken they come again, after a growing pause, so the
// reader need only try each in turn and stop reading while it is content; a
// hint that was not taken waits. A hint is an address to try. It is never a
// sign that the peer lives, and its absence none that it does not. The channel
// is closed when ctx ends or the host closes.
func (h *Host) FindCoordinators(ctx context.Context) <-chan PeerHint {
	out := make(chan PeerHint)
	if !h.begin() {
		close(out)
		return out
	}
	f := &finder{out: out, found: make(chan PeerHint)}
	for _, info := range h.known {
		if hint, ok := hintOf(info, SourceStatic); ok {
			f.hints = append(f.hints, hint)
		}
	}
	f.static = len(f.hints)
	if h.cfg.MDNS {
		f.sources = append(f.sources, h.searchMDNS)
	}
	if h.dht != nil {
		f.sources = append(f.sources, h.searchDHT)
	}
	go func() {
		defer h.tasks.Done()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(h.ctx, cancel)()
		f.run(ctx)
	}()
	return out
}

// Advertise lets others find this host as a coordinator of the configured
// rendezvous, by mDNS and the DHT where they are enabled, until ctx ends or the
// host closes. It returns at once; that nobody hears it is only logged.
func (h *Host) Advertise(ctx context.Context) {
	if h.cfg.MDNS {
		h.background(ctx, h.announceMDNS)
	}
	if h.dht != nil {
		h.background(ctx, h.announceDHT)
	}
}

// background runs a task until ctx ends or the host closes.
func (h *Host) background(ctx context.Context, task func(context.Context)) {
	if !h.begin() {
		return
	}
	go func() {
		defer h.tasks.Done()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(h.ctx, cancel)()
		task(ctx)
	}()
}

// finder offers hints in rounds. Its fields are run's own.
type finder struct {
	out   chan<- PeerHint
	found chan PeerHint
	// sources emit what they find until ctx ends; emit is false once it has.
	sources []func(ctx context.Context, emit func(PeerHint) bool)

	hints  []PeerHint // the first static ones are never dropped
	static int
	next   int // the hint to offer
}

func (f *finder) run(ctx context.Context) {
	defer close(f.out)
	var sources sync.WaitGroup
	defer sources.Wait()
	for _, search := range f.sources {
		sources.Go(func() { search(ctx, f.emitter(ctx)) })
	}
	pause := newBackoff(firstRound, lastRound)
	var round <-chan time.Time // runs once all hints have been taken
	for {
		var out chan<- PeerHint
		var hint PeerHint
		if f.next < len(f.hints) {
			out, hint = f.out, f.hints[f.next]
		} else if round == nil {
			round = time.After(pause.next())
		}
		select {
		case out <- hint:
			f.next++
		case found := <-f.found:
			if f.learn(found) {
				pause.reset()
			}
		case <-round:
			f.next, round = 0, nil
		case <-ctx.Done():
			return
		}
	}
}

func (f *finder) emitter(ctx context.Context) func(PeerHint) bool {
	return func(hint PeerHint) bool {
		select {
		case f.found <- hint:
			return true
		case <-ctx.Done():
			return false
		}
	}
}

// learn puts a hint that says something new at the end of the round, in the
// place of what the same source said of the peer before.
func (f *finder) learn(hint PeerHint) bool {
	old := slices.IndexFunc(f.hints, func(h PeerHint) bool { return h.Peer == hint.Peer && h.Source == hint.Source })
	switch {
	case old >= 0 && slices.Equal(f.hints[old].Addrs, hint.Addrs):
		return false
	case old >= 0:
		f.drop(old)
	case len(f.hints)-f.static >= maxHints:
		f.drop(f.static)
	}
	f.hints = append(f.hints, hint)
	return true
}

func (f *finder) drop(i int) {
	f.hints = slices.Delete(f.hints, i, i+1)
	if i < f.next {
		f.next--
	}
}
