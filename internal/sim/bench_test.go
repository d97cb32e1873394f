package sim

import "testing"

// BenchmarkUnit measures one unit under KV1 with ten liars in a hundred; 10⁶ of
// them should take about a second of CPU.
func BenchmarkUnit(b *testing.B) {
	s := DefaultSpec()
	s.SaboteurShare, s.Attack = 0.1, Attack{Kind: "constant", Rate: 0.01}
	s.UnitsPerNode = max(1, b.N/s.Nodes)
	b.ReportAllocs()
	newWorld(&s, 1).run()
}
