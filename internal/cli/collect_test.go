package cli

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestGrowth(t *testing.T) {
	for live, want := range map[int64]int{0: 200, 10: 200, 75: 200, 76: 190, 100: 150, 108: 130, 299: 50, 300: 50, 1000: 50} {
		if got := growth(200, 150, live); got != want {
			t.Errorf("of %d lives, it may grow by %d %%, want %d", live, got, want)
		}
	}
}

// TestTheHeapGrowsByLessWhereMuchLives: and by more again when it does not.
func TestTheHeapGrowsByLessWhereMuchLives(t *testing.T) {
	t.Setenv("GOGC", "")
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	CollectAt(200, 16<<20)
	settles := func(want uint64) {
		t.Helper()
		percent := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		for end := time.Now().Add(time.Minute); ; runtime.Gosched() {
			if metrics.Read(percent); percent[0].Value.Uint64() == want {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("the heap may grow by %d %%, want %d", percent[0].Value.Uint64(), want)
			}
			runtime.GC()
		}
	}
	settles(200)
	lives := make([]byte, 128<<20)
	settles(leastGrowth)
	runtime.KeepAlive(lives)
	settles(200)
}
