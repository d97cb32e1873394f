package p2p

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

func TestFetchOverTransports(t *testing.T) {
	for _, tr := range []string{"quic", "tcp"} {
		t.Run(tr, func(t *testing.T) {
			owner, client := newTestHost(t, []string{tr}), newTestHost(t, nil)
			var blocks [][]byte
			for i := range 2*MaxWant + 1 {
				blocks = append(blocks, bytes.Repeat([]byte{byte(i)}, 100*i))
			}
			large := bytes.Repeat([]byte("large"), 1<<20)
			s := shelve(append(blocks, large)...)
			var asked atomic.Value
			owner.ServeBlocks(func(ctx context.Context, peer string, c cid.Cid) ([]byte, error) {
				asked.Store(peer)
				return s.read(ctx, peer, c)
			})
			connect(t, client, owner)
			got, err := client.FetchBlock(testContext(t), owner.ID(), dagcbor.RawCID(large), 8<<20)
			if err != nil || !bytes.Equal(got, large) {
				t.Fatalf("fetched %d bytes, %v", len(got), err)
			}
			if asked.Load() != client.ID() {
				t.Errorf("the owner was asked by %v", asked.Load())
			}
			var cids []cid.Cid
			for _, b := range blocks {
				cids = append(cids, dagcbor.RawCID(b))
			}
			i := 0
			if err := client.FetchBlocks(testContext(t), owner.ID(), cids, 1<<20, func(c cid.Cid, b []byte, err error) error {
				if c != cids[i] || !bytes.Equal(b, blocks[i]) || err != nil {
					t.Errorf("block %d: %d bytes, %v", i, len(b), err)
				}
				i++
				return nil
			}); err != nil || i != len(cids) {
				t.Errorf("fetched %d of %d, %v", i, len(cids), err)
			}
		})
	}
}

func TestFetchReusesStreamsAndBoundsThem(t *testing.T) {
	const width = 2
	narrow := func(c *Config) { c.BlockStreams = width }
	owner, client := newTestHost(t, []string{"tcp"}, narrow), newTestHost(t, nil, narrow)
	s := shelve([]byte("a"))
	var now, most atomic.Int32
	gate := make(chan struct{})
	owner.ServeBlocks(func(ctx context.Context, peer string, c cid.Cid) ([]byte, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n == width {
			gate <- struct{}{}
		}
		return s.read(ctx, peer, c)
	})
	connect(t, client, owner)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := client.FetchBlock(testContext(t), owner.ID(), dagcbor.RawCID([]byte("a")), 1); err != nil {
				t.Error(err)
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for waiting := true; waiting; {
		select {
		case <-gate:
		case <-done:
			waiting = false
		}
	}
	if got := most.Load(); got > width {
		t.Errorf("%d exchanges at once, at most %d", got, width)
	}
	if got := len(client.blocks.peers[owner.ID()].idle); got < 1 || got > width {
		t.Errorf("%d streams kept, want 1 to %d", got, width)
	}
}

// A stream that the server has closed for idleness is no reason to fail.
func TestFetchOutlivesStaleStreams(t *testing.T) {
	owner, client := newTestHost(t, []string{"quic"}), newTestHost(t, nil)
	block := []byte("a")
	owner.ServeBlocks(shelve(block).read)
	connect(t, client, owner)
	fetch := func() {
		t.Helper()
		if got, err := client.FetchBlock(testContext(t), owner.ID(), dagcbor.RawCID(block), 1); err != nil || !bytes.Equal(got, block) {
			t.Fatalf("fetched %q, %v", got, err)
		}
	}
	fetch()
	for _, s := range client.blocks.peers[owner.ID()].idle {
		s.conn.Close()
	}
	fetch()
	// A lost connection takes its streams along.
	if err := client.Disconnect(owner.ID()); err != nil {
		t.Fatal(err)
	}
	connect(t, client, owner)
	fetch()
}

func TestFetchRefusesForeignCIDs(t *testing.T) {
	client := newTestHost(t, nil)
	for _, c := range []cid.Cid{cid.Undef, cid.MustParse("QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n")} {
		if _, err := client.FetchBlock(testContext(t), newTestIdentity(t).ID(), c, 1); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%s: %v", c, err)
		}
	}
	c := dagcbor.RawCID(nil)
	if _, err := client.FetchBlock(testContext(t), newTestIdentity(t).ID(), c, 1); contracts.CodeOf(err) != contracts.CodeNetwork || !strings.Contains(fmt.Sprint(err), c.String()) {
		t.Errorf("unconnected peer: %v", err)
	}
	if len(client.blocks.peers) != 0 {
		t.Error("a peer that was never reached is remembered")
	}
}

// FuzzBlockAnswer feeds a client whatever a server may send.
func FuzzBlockAnswer(f *testing.F) {
	good := []byte("the block")
	c := dagcbor.RawCID(good)
	head, err := encodeBlockFrame(typeBlock, &blockHead{CID: dagcbor.Link{Cid: c}, Size: int64(len(good))})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(head, good...))
	f.Add(head)
	f.Fuzz(func(t *testing.T, wire []byte) {
		s := newBlockStream(nopConn{bytes.NewReader(wire)}, time.Minute)
		data, refusal, err := s.next(c, 1<<16)
		if err == nil && refusal == nil && !bytes.Equal(data, good) {
			t.Fatalf("accepted %q", data)
		}
	})
}

// FuzzWant feeds a server whatever a client may send.
func FuzzWant(f *testing.F) {
	frame, err := encodeBlockFrame(typeWant, &want{CIDs: []dagcbor.Link{{Cid: dagcbor.RawCID(nil)}}, Max: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(frame)
	f.Fuzz(func(t *testing.T, wire []byte) {
		server := &blockServer{reads: make(chan struct{}, 1), patience: time.Minute, log: slog.New(slog.DiscardHandler),
			read: func(_ context.Context, _ string, c cid.Cid) ([]byte, error) {
				if err := dagcbor.CheckCID(c); err != nil {
					t.Fatal(err)
				}
				return nil, contracts.Errorf(contracts.CodeNotFound, "", "none")
			}}
		server.handle(t.Context(), nopConn{bytes.NewReader(wire)}, blockPeerID)
	})
}
