package node

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
)

// BenchmarkUnits is the rate at which a node runs no-op units, fed over a real
// stream by a coordinator in the same process: decode, run, sign and deliver,
// and the coordinator's share of the frames, but not of the checking.
func BenchmarkUnits(b *testing.B) {
	c := newCoordinator(b, "lab")
	cfg := testConfig(b, c)
	cfg.Slots, cfg.MemoryMB = 1, 1024
	start(b, cfg)
	s := c.wait()
	v := c.invocation(noop(b), func(v *contracts.Invocation) { v.MemoryPages = 1 })
	s.assign(1, v) // compiles the module
	s.results(1)
	unit := p2p.Unit{Epoch: 1, Attempt: 1, Invocation: block(b, v)}
	b.ReportAllocs()
	b.ResetTimer()
	assigned, delivered := 0, 0
	for delivered < b.N {
		for n := min(s.Credit(), b.N-assigned); n > 0; n = min(s.Credit(), b.N-assigned) {
			units := make([]p2p.Unit, min(n, p2p.MaxUnits))
			for i := range units {
				unit.Lease = uint64(assigned + 2)
				units[i] = unit
				assigned++
			}
			for _, frame := range p2p.PackUnits(units) {
				s.send(frame)
			}
		}
		switch m := (<-s.in).(type) {
		case *p2p.Results:
			delivered += len(m.Items)
			batch, err := contracts.OpenBatch(m.Batch)
			if err != nil {
				b.Fatal(err)
			}
			s.send(&p2p.Ack{Seq: batch.Seq})
		case *p2p.Fault:
			b.Fatalf("fault: %+v", m)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "units/s")
}
