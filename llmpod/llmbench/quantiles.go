package llmbench

import (
	"slices"
	"time"
)

// quantile returns the value below which the share q of the list is, 0 of none.
func quantile[T ~int64 | ~float64](list []T, q float64) T {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func middle(list []float64) float64 { return quantile(list, 0.5) }

// median is in milliseconds.
func median(list []time.Duration) float64 { return ms(quantile(list, 0.5)) }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// over is a/b, 0 where there is no b.
func over(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
