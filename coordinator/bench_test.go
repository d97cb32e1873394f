package coordinator_test

import (
	"fmt"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// BenchmarkUnits runs graphs of independent units through a coordinator with a
// durable log and one worker that answers at once, all in this process: what is
// measured is the coordinator, the network and the signatures, no guest.
func BenchmarkUnits(b *testing.B) {
	f := startFabric(b)
	w := f.connect()
	go w.work()
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; {
		n := min(left, 50_000)
		units := make([]contracts.WorkUnit, n)
		for i := range units {
			units[i] = unit(fmt.Sprintf("u%d", i), fmt.Sprintf(`{"n":%d}`, i))
		}
		f.end(f.submit(graph(units...)))
		left -= n
	}
}
