package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// CollectAt lets the heap grow by so many percent of what lives in it before the next
// collection, but by no more than most bytes while that is at least half of what
// lives, unless GOGC says otherwise. A daemon that makes much garbage beside little
// that lives would else collect, give memory back and ask for it again many times a
// second; and one of which more lives at times would keep three times the most that
// ever did, for the system is given back little of it.
func CollectAt(percent int, most int64) {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(percent)
	p := &pacer{percent: percent, now: percent, most: most, live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	p.watch()
}

// leastGrowth is below which collecting would take more time than memory is worth.
const leastGrowth = 50

// pacer sets the percentage anew after each collection.
type pacer struct {
	percent, now int
	most         int64
	live         []metrics.Sample
}

// watch has the next collection call adjust: it finds what nobody holds.
func (p *pacer) watch() {
	sentinel := new([16]byte) // large enough to be collected by itself
	runtime.AddCleanup(sentinel, (*pacer).adjust, p)
}

func (p *pacer) adjust() {
	metrics.Read(p.live)
	if want := growth(p.percent, p.most, int64(p.live[0].Value.Uint64())); want != p.now {
		debug.SetGCPercent(want)
		p.now = want
	}
	p.watch()
}

// growth is by how many percent of what lives the heap may grow, in steps of ten: to
// set it stops the program for some microseconds.
func growth(percent int, most, live int64) int {
	if live <= most*100/int64(percent) {
		return percent
	}
	return max(leastGrowth, int(most*100/live)/10*10)
}
