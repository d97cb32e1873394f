package worker

import (
	"context"
	"runtime"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
)

// TestGuestsOfThisProcessGiveTurns keeps every processor busy with guests that
// never end, by steps or by one long instruction after the other. Collections,
// which stop every goroutine, and other goroutines must get done all the same.
func TestGuestsOfThisProcessGiveTurns(t *testing.T) {
	o := testOptions(t)
	o.Slots = runtime.GOMAXPROCS(0) + 1
	p, err := NewInProcess(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	large := func(c *contracts.Invocation) { c.MemoryPages = 1 << 14 }
	guests := []cid.Cid{admit(t, p, sandboxtest.Loop()), admit(t, p, sandboxtest.Fill(1<<9))}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan End)
	for i := range o.Slots {
		endless := task(guests[i%len(guests)], large)
		endless.Context = ctx
		go p.Run([]Task{endless}, &larder{}, func(_ int, e End) { ended <- e })
	}
	ping, pong := make(chan int), make(chan int)
	go func() {
		for n := range ping {
			pong <- n
		}
	}()
	for n := range 20 {
		runtime.GC()
		ping <- n
		select {
		case e := <-ended:
			t.Fatalf("an endless task ended: %+v", e)
		case <-pong:
		}
	}
	close(ping)
	cancel()
	for range o.Slots {
		if e := <-ended; contracts.CodeOf(e.Err) != contracts.CodeCancelled {
			t.Errorf("ended with %v", e.Err)
		}
	}
}
