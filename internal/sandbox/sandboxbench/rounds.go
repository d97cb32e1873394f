package sandboxbench

import (
	"context"
	"math"
	"runtime"
	"slices"
	"time"
)

// measure is something that is done over and over.
type measure struct {
	into  *float64      // the median, in units
	unit  time.Duration // of the figure
	clock func() time.Duration
	times int // done in one go
	do    func(context.Context) error
}

// takeTurns does every measure once per round, each as often as it says times
// effort, and stores the median of what one took.
func takeTurns(ctx context.Context, rounds int, effort float64, measures []measure) error {
	runtime.LockOSThread() // threadTime is this thread's
	defer runtime.UnlockOSThread()
	samples := make([][]float64, len(measures))
	for round := range rounds + 1 {
		for i, m := range measures {
			m.times = max(1, int(float64(m.times)*effort))
			took, err := m.once(ctx)
			if err != nil {
				return err
			}
			if round > 0 { // the first makes what is made lazily
				samples[i] = append(samples[i], took)
			}
		}
	}
	for i, m := range measures {
		*m.into = median(samples[i])
	}
	return nil
}

func (m *measure) once(ctx context.Context) (float64, error) {
	start := m.clock()
	for range m.times {
		if err := m.do(ctx); err != nil {
			return 0, err
		}
	}
	return float64(m.clock()-start) / float64(m.times) / float64(m.unit), ctx.Err()
}

func median(v []float64) float64 { return percentile(v, 50) }

// percentile is the smallest value that p percent of the others do not exceed.
func percentile(v []float64, p int) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[min(len(v)-1, len(v)*p/100)]
}

// geomean is the geometric mean.
func geomean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(v)))
}
