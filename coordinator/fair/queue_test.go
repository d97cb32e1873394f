package fair_test

import (
	"fmt"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/fair"
	"pgregory.net/rapid"
)

type queue = fair.Queue[string]

func key(level uint8, tenant, class string) fair.Key {
	return fair.Key{Level: level, Tenant: contracts.TenantID(tenant), Class: class}
}

// fill pushes n items named after their tenant.
func fill(q *queue, k fair.Key, n int) {
	for i := range n {
		q.Push(k, fmt.Sprintf("%s%d", k.Tenant, i))
	}
}

// take pops n items, one unit of cost each.
func take(q *queue, n int) (got []string) {
	q.Begin()
	for range n {
		l := q.Next()
		if l == nil {
			return got
		}
		got = append(got, q.Pop(l, 1))
	}
	return got
}

func want(t *testing.T, got []string, items ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(items) {
		t.Errorf("took %v, want %v", got, items)
	}
}

func TestTenantsShareALevel(t *testing.T) {
	var q queue
	fill(&q, key(2, "a", ""), 4)
	fill(&q, key(2, "b", ""), 2)
	want(t, take(&q, 9), "a0", "b0", "a1", "b1", "a2", "a3")
	if q.Len() != 0 {
		t.Errorf("%d left", q.Len())
	}
}

// A tenant pays for what its units cost, not for how many they are.
func TestCostCounts(t *testing.T) {
	var q queue
	fill(&q, key(2, "dear", ""), 20)
	fill(&q, key(2, "fair", ""), 20)
	q.Begin()
	n := map[contracts.TenantID]int{}
	for range 12 {
		l := q.Next()
		cost := 1.0
		if l.Key.Tenant == "dear" {
			cost = 3
		}
		n[l.Key.Tenant]++
		q.Pop(l, cost)
	}
	if n["dear"] != 3 || n["fair"] != 9 {
		t.Errorf("shares %v, want 3 and 9", n)
	}
}

// Who was idle gets no more than its share afterwards.
func TestIdlenessIsNotSaved(t *testing.T) {
	var q queue
	fill(&q, key(2, "a", ""), 100)
	take(&q, 50)
	fill(&q, key(2, "b", ""), 100)
	got := take(&q, 20)
	b := 0
	for _, item := range got {
		if item[0] == 'b' {
			b++
		}
	}
	if b < 9 || b > 11 {
		t.Errorf("the tenant that came late got %d of 20: %v", b, got)
	}
}

func TestUrgentFirstAndNobodyStarves(t *testing.T) {
	var q queue
	for level := range uint8(fair.Levels) {
		fill(&q, key(level, fmt.Sprint("p", level), ""), 1000)
	}
	n := map[byte]int{}
	for _, item := range take(&q, 960) {
		n[item[1]]++
	}
	if n['0'] != 900 || n['1'] != 20 || n['2'] != 20 || n['3'] != 20 {
		t.Errorf("shares %v, want 900 and 20 each below", n)
	}
}

// What finds no place holds up neither its tenant's other lanes nor others, and is
// asked again in the next round.
func TestBlockedLaneHoldsUpNobody(t *testing.T) {
	var q queue
	q.Push(key(0, "a", "nowhere"), "stuck")
	q.Push(key(0, "a", "here"), "first")
	q.Push(key(3, "b", "here"), "second")
	var got []string
	q.Begin()
	for l := q.Next(); l != nil; l = q.Next() {
		if l.Key.Class == "nowhere" {
			q.Block(l)
			continue
		}
		got = append(got, q.Pop(l, 1))
	}
	want(t, got, "first", "second")
	want(t, take(&q, 2), "stuck")
}

// TestEverythingComesOutOnce pushes, blocks and pops at random: what went in comes
// out, once, and in its lane's order.
func TestEverythingComesOutOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q fair.Queue[int]
		wait := map[fair.Key][]int{}
		total := 0
		for i := range rapid.IntRange(1, 200).Draw(t, "steps") {
			if rapid.IntRange(0, 2).Draw(t, "step") > 0 {
				k := key(rapid.Uint8Range(0, fair.Levels-1).Draw(t, "level"), rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "tenant"),
					rapid.SampledFrom([]string{"", "x"}).Draw(t, "class"))
				q.Push(k, i)
				wait[k] = append(wait[k], i)
				total++
				continue
			}
			q.Begin()
			blocked := map[fair.Key]bool{}
			for l := q.Next(); l != nil; l = q.Next() {
				if blocked[l.Key] {
					t.Fatalf("lane %v is asked again though it is blocked", l.Key)
				}
				if rapid.Bool().Draw(t, "block") {
					q.Block(l)
					blocked[l.Key] = true
					continue
				}
				if got, w := q.Pop(l, rapid.Float64Range(0.1, 3).Draw(t, "cost")), wait[l.Key]; len(w) == 0 || w[0] != got {
					t.Fatalf("lane %v gave %d, waiting are %v", l.Key, got, w)
				}
				wait[l.Key] = wait[l.Key][1:]
				total--
			}
		}
		if q.Len() != total {
			t.Fatalf("%d wait, want %d", q.Len(), total)
		}
	})
}

func BenchmarkPushPop(b *testing.B) {
	var q fair.Queue[int]
	for i := range 1000 {
		q.Push(key(2, fmt.Sprint("t", i%20), ""), i)
	}
	q.Begin()
	b.ReportAllocs()
	for b.Loop() {
		l := q.Next()
		k := l.Key
		q.Push(k, q.Pop(l, 1))
	}
}

// The turns of those behind are counted while they wait: what went before, when there was
// nobody, does not bring one forward.
func TestFewGoByUrgencyWhateverWentBefore(t *testing.T) {
	for before := range 40 {
		var q queue
		fill(&q, key(2, "a", ""), before)
		take(&q, before)
		for level := range uint8(fair.Levels) {
			fill(&q, key(fair.Levels-1-level, fmt.Sprint("p", fair.Levels-1-level), ""), 1)
		}
		want(t, take(&q, 5), "p00", "p10", "p20", "p30")
	}
}
