package cell

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
)

// Num is an exact number. Those with few digits, which is nearly all, take 24
// bytes and no allocation.
type Num struct {
	coefficient int64 // the value times ten to the power of scale,
	scale       int64
	rat         *big.Rat // or this
}

// OfFraction makes a number of a fraction, which must not be changed then.
func OfFraction(r *big.Rat) Num { return Num{rat: r} }

// maxScale is how many digits a small number has at most.
const maxScale = 18

// ParseNum reads a decimal number as exact.Parse does.
func ParseNum(s string) (Num, bool) {
	if n, ok := small(s); ok {
		return n, true
	}
	if s == "" || s[0] > '9' {
		return Num{}, false
	}
	r, err := exact.Parse(s)
	return Num{rat: r}, err == nil
}

// small reads up to 18 digits with a sign and a point.
func small(s string) (n Num, ok bool) {
	digits, point, i := 0, false, 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		i = 1
	}
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9' && digits < maxScale:
			n.coefficient = 10*n.coefficient + int64(c-'0')
			digits++
			if point {
				n.scale++
			}
		case c == '.' && !point:
			point = true
		default:
			return Num{}, false
		}
	}
	if s != "" && s[0] == '-' {
		n.coefficient = -n.coefficient
	}
	return n, digits > 0
}

// Rat returns the number as a fraction, which the caller must not change.
func (n Num) Rat() *big.Rat {
	if n.rat != nil {
		return n.rat
	}
	return big.NewRat(n.coefficient, power(n.scale))
}

func power(e int64) int64 {
	p := int64(1)
	for range e {
		p *= 10
	}
	return p
}

// Cmp compares two numbers.
func (n Num) Cmp(m Num) int {
	if n.rat != nil || m.rat != nil {
		return n.Rat().Cmp(m.Rat())
	}
	switch {
	case n.scale == m.scale:
		return cmp.Compare(n.coefficient, m.coefficient)
	case n.scale < m.scale:
		return raised(n.coefficient, m.scale-n.scale, m.coefficient)
	}
	return -raised(m.coefficient, n.scale-m.scale, n.coefficient)
}

// raised compares a times ten to the power e with b.
func raised(a, e, b int64) int {
	if a < 0 != (b < 0) {
		return cmp.Compare(a, b)
	}
	high, low := bits.Mul64(magnitude(a), uint64(power(e)))
	c := 1
	if high == 0 {
		c = cmp.Compare(low, magnitude(b))
	}
	if a < 0 {
		return -c
	}
	return c
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return uint64(-a)
	}
	return uint64(a)
}

// limit is above the coefficients of all small numbers.
const limit = 1_000_000_000_000_000_000

// Add returns the sum of two numbers.
func (n Num) Add(m Num) Num {
	if n.rat == nil && m.rat == nil {
		if n.scale < m.scale {
			n, m = m, n
		}
		if c, ok := times(m.coefficient, power(n.scale-m.scale)); ok {
			if c += n.coefficient; c < limit && c > -limit {
				return Num{coefficient: c, scale: n.scale}
			}
		}
	}
	return Num{rat: new(big.Rat).Add(n.Rat(), m.Rat())}
}

// Neg returns the number with the other sign.
func (n Num) Neg() Num {
	if n.rat == nil {
		return Num{coefficient: -n.coefficient, scale: n.scale}
	}
	return Num{rat: new(big.Rat).Neg(n.rat)}
}

// Mul returns the product of two numbers.
func (n Num) Mul(m Num) Num {
	if n.rat == nil && m.rat == nil && n.scale+m.scale <= maxScale {
		if c, ok := times(n.coefficient, m.coefficient); ok {
			return Num{coefficient: c, scale: n.scale + m.scale}
		}
	}
	return Num{rat: new(big.Rat).Mul(n.Rat(), m.Rat())}
}

// times multiplies, unless the product is no coefficient of a small number.
func times(a, b int64) (int64, bool) {
	high, low := bits.Mul64(magnitude(a), magnitude(b))
	if high != 0 || low >= limit {
		return 0, false
	}
	if a < 0 != (b < 0) {
		return -int64(low), true
	}
	return int64(low), true
}

// BitLen is how many bits the larger part of the fraction has, about.
func (n Num) BitLen() int {
	if n.rat == nil {
		return 64
	}
	return max(n.rat.Num().BitLen(), n.rat.Denom().BitLen())
}

// Sum adds numbers exactly. The zero Sum is zero.
type Sum struct {
	small [maxScale + 1]int64 // of small numbers, by scale
	rest  *big.Rat
}

// Add adds a number.
func (s *Sum) Add(n Num) {
	if n.rat == nil {
		sum := s.small[n.scale] + n.coefficient
		if n.coefficient < math.MaxInt64/2 && n.coefficient > math.MinInt64/2 && (sum > s.small[n.scale]) == (n.coefficient > 0) {
			s.small[n.scale] = sum
			return
		}
	}
	if s.rest == nil {
		s.rest = new(big.Rat)
	}
	s.rest.Add(s.rest, n.Rat())
}

// Rat returns the sum.
func (s *Sum) Rat() *big.Rat {
	total := new(big.Rat)
	if s.rest != nil {
		total.Set(s.rest)
	}
	for scale, n := range s.small {
		if n != 0 {
			total.Add(total, Num{coefficient: n, scale: int64(scale)}.Rat())
		}
	}
	return total
}

// Quantile returns the value below which a share q of sorted numbers lies, on
// the line between two of them: Hyndman and Fan's type 7, which is that of
// spreadsheets' PERCENTILE and of NumPy.
func Quantile(sorted []Num, q *big.Rat) *big.Rat {
	at := new(big.Rat).Mul(q, big.NewRat(int64(len(sorted)-1), 1))
	i := int(new(big.Int).Quo(at.Num(), at.Denom()).Int64())
	if i >= len(sorted)-1 {
		return sorted[len(sorted)-1].Rat()
	}
	low := sorted[i].Rat()
	step := new(big.Rat).Sub(sorted[i+1].Rat(), low)
	return step.Add(low, step.Mul(step, at.Sub(at, big.NewRat(int64(i), 1))))
}
