package volunteer

import (
	"math"
	"time"
)

// OthersLoad takes this node's own part out of a load average, which counts
// everything that runs. It averages what the node runs in the way in which the
// system does, so that the part that is still in the average when the node has
// just paused is taken out too. The zero value has run nothing.
type OthersLoad struct {
	own float64
	at  time.Time
}

// loadTerm is the time constant of the load average of one minute.
const loadTerm = time.Minute

// Observe takes the system's load average of a minute, as a number of running
// threads, what this node runs now, and the number of processors. It returns the
// load of others for each processor.
func (o *OthersLoad) Observe(now time.Time, average, running float64, processors int) float64 {
	if past := now.Sub(o.at); !o.at.IsZero() && past > 0 {
		keep := math.Exp(-past.Seconds() / loadTerm.Seconds())
		o.own = o.own*keep + running*(1-keep)
	}
	o.at = now
	return max(average-o.own, 0) / float64(max(processors, 1))
}
