package p2p

import (
	"context"
	"fmt"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// Benchmarks over loopback: what the two ends cost together.

// benchPair opens a work stream over one transport.
func benchPair(b *testing.B, transport string) (atWorker, atCoordinator *WorkStream) {
	b.Helper()
	c, w := newTestHost(b, []string{transport}), newTestHost(b, nil)
	streams := coordinatorOn(c)
	connect(b, w, c)
	atWorker, err := w.OpenWork(testContext(b), c.ID(), testHello(), nil)
	if err != nil {
		b.Fatal(err)
	}
	return atWorker, <-streams
}

func overTransports(b *testing.B, run func(b *testing.B, transport string)) {
	for _, tr := range []string{"quic", "tcp"} {
		b.Run(tr, func(b *testing.B) { run(b, tr) })
	}
}

// benchUnit is a unit of 300 bytes, and benchResults its answer.
var benchUnit = Unit{Lease: 1 << 40, Epoch: 1, RunTimeoutMS: 60_000, Invocation: make([]byte, 300)}

func benchResults(n int) *Results {
	r := &Results{Batch: make([]byte, 200+100*n)}
	for range n {
		r.Items = append(r.Items, make([]byte, 150))
	}
	return r
}

// BenchmarkPingPong is one unit there and its result back, nothing else on the
// stream.
func BenchmarkPingPong(b *testing.B) {
	overTransports(b, func(b *testing.B, tr string) {
		w, c := benchPair(b, tr)
		results := benchResults(1)
		go func() {
			for {
				m, err := w.Recv()
				if err != nil {
					return
				}
				if _, ok := m.(*Assign); ok && w.Send(context.Background(), results) != nil {
					return
				}
			}
		}()
		assign := &Assign{Units: []Unit{benchUnit}}
		for b.Loop() {
			mustSend(b, w, &Credit{N: 1})
			mustRecv[*Credit](b, c)
			mustSend(b, c, assign)
			mustRecv[*Results](b, c)
		}
	})
}

// BenchmarkPipelined is Assign frames of 1 or 256 small units down and a batch
// of results for each back, as fast as credit allows.
func BenchmarkPipelined(b *testing.B) {
	for _, n := range []int{1, 16, 128, MaxUnits} {
		b.Run(fmt.Sprintf("units=%d", n), func(b *testing.B) {
			overTransports(b, func(b *testing.B, tr string) { benchPipelined(b, tr, n) })
		})
	}
}

func benchPipelined(b *testing.B, tr string, n int) {
	w, c := benchPair(b, tr)
	ctx := testContext(b)
	mustSend(b, w, &Credit{N: 16 * n})
	results, credit := benchResults(n), &Credit{N: n}
	go func() {
		for {
			m, err := w.Recv()
			if err != nil {
				return
			}
			if _, ok := m.(*Assign); ok && (w.Send(ctx, results) != nil || w.Send(ctx, credit) != nil) {
				return
			}
		}
	}()
	granted := make(chan struct{}, 1)
	answered := make(chan struct{}, 64)
	go func() {
		defer close(answered)
		for {
			m, err := c.Recv()
			if err != nil {
				return
			}
			switch m.(type) {
			case *Credit:
				select {
				case granted <- struct{}{}:
				default:
				}
			case *Results:
				answered <- struct{}{}
			}
		}
	}()
	unit := benchUnit
	unit.Invocation = unit.Invocation[:min(300, MaxAssign/n-80)] // 256 units of 300 bytes exceed a frame
	assign := &Assign{Units: make([]Unit, n)}
	for i := range assign.Units {
		assign.Units[i] = unit
	}
	b.ResetTimer()
	go func() {
		for range b.N {
			for c.Credit() < n {
				<-granted
			}
			if err := c.Send(ctx, assign); err != nil {
				b.Error(err)
				c.Close(err)
				return
			}
		}
	}()
	for range b.N {
		if _, ok := <-answered; !ok {
			b.Fatal(c.Err())
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "units/s")
}

// BenchmarkConnect is a fresh connection and an admitted work stream.
func BenchmarkConnect(b *testing.B) {
	overTransports(b, func(b *testing.B, tr string) {
		c, w := newTestHost(b, []string{tr}), newTestHost(b, nil)
		c.ServeWork(func(context.Context, string, Hello) (Welcome, error) { return testWelcome(), nil },
			func(_ context.Context, s *WorkStream) error { pump(s); return nil })
		at, ctx := hint(b, c), testContext(b)
		for b.Loop() {
			if err := w.Connect(ctx, at); err != nil {
				b.Fatal(err)
			}
			if _, err := w.OpenWork(ctx, c.ID(), testHello(), nil); err != nil {
				b.Fatal(err)
			}
			if err := w.Disconnect(c.ID()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkFetchBlock is a block of the size of a module or of a small output
// on a warm connection.
func BenchmarkFetchBlock(b *testing.B) {
	for _, size := range []int{400, 2 << 20} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			overTransports(b, func(b *testing.B, tr string) {
				owner, client := newTestHost(b, []string{tr}), newTestHost(b, nil)
				block := make([]byte, size)
				owner.ServeBlocks(func(context.Context, string, cid.Cid) ([]byte, error) { return block, nil })
				connect(b, client, owner)
				c, ctx := dagcbor.RawCID(block), testContext(b)
				b.SetBytes(int64(size))
				for b.Loop() {
					if _, err := client.FetchBlock(ctx, owner.ID(), c, int64(size)); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func BenchmarkAssignCodec(b *testing.B) {
	assign := &Assign{Units: make([]Unit, MaxUnits)}
	for i := range assign.Units {
		assign.Units[i] = Unit{Lease: uint64(i), Epoch: 1, Invocation: make([]byte, 100)}
	}
	frame := mustEncode(b, assign)
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(frame)))
		for b.Loop() {
			mustEncode(b, assign)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(frame)))
		for b.Loop() {
			if _, err := decodeMessage(typeAssign, frame[lengthSize+1:]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
