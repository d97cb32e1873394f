package exact

import (
	"math/big"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Rounding names what becomes of digits that are not asked for.
type Rounding string

// The roundings, called as in Java and IEEE 754. Up and down are away from zero
// and towards it.
const (
	HalfEven Rounding = "half_even"
	HalfUp   Rounding = "half_up"
	HalfDown Rounding = "half_down"
	Up       Rounding = "up"
	Down     Rounding = "down"
	Ceiling  Rounding = "ceiling"
	Floor    Rounding = "floor"
)

// MaxDigits is how many digits after the point a task gives at most.
const MaxDigits = 200

// Format is how a task writes its numbers; inputs embed it.
type Format struct {
	Digits   int      `json:"digits" jsonschema:"minimum=0,maximum=200" jsonschema_description:"digits after the decimal point"`
	Rounding Rounding `json:"rounding" jsonschema:"enum=half_even,enum=half_up,enum=half_down,enum=up,enum=down,enum=ceiling,enum=floor"`
}

// Check reports fields that are out of range.
func (f Format) Check() error {
	if err := field.Between("digits", f.Digits, 0, MaxDigits); err != nil {
		return err
	}
	return field.OneOf("rounding", string(f.Rounding), "half_even", "half_up", "half_down", "up", "down", "ceiling", "floor")
}

// Decimal writes r with all its digits, trailing zeros too.
func (f Format) Decimal(r *big.Rat) string {
	n, _ := f.scaled(r)
	return point(n, f.Digits)
}

// Trimmed writes r without trailing zeros and says whether that is r itself.
func (f Format) Trimmed(r *big.Rat) (text string, same bool) {
	if r.IsInt() {
		return r.Num().String(), true
	}
	n, same := f.scaled(r)
	return trim(point(n, f.Digits)), same
}

// Round returns the number that Decimal writes.
func (f Format) Round(r *big.Rat) *big.Rat {
	n, _ := f.scaled(r)
	return new(big.Rat).SetFrac(n, pow10(f.Digits))
}

// Sqrt writes the square root of r, which is not negative, without trailing
// zeros. It is rounded correctly, also where the root is irrational.
func (f Format) Sqrt(r *big.Rat) string {
	x := scale(new(big.Rat).Set(r), 2*f.Digits)
	low := new(big.Int).Sqrt(new(big.Int).Quo(x.Num(), x.Denom()))
	rest := new(big.Rat).SetInt(new(big.Int).Mul(low, low)).Cmp(x)
	twice := new(big.Int).Add(new(big.Int).Lsh(low, 1), big.NewInt(1)) // twice the middle between low and low+1
	toHalf := new(big.Rat).Mul(x, big.NewRat(4, 1)).Cmp(new(big.Rat).SetInt(new(big.Int).Mul(twice, twice)))
	if rest != 0 && f.Rounding.away(toHalf, low.Bit(0) == 1, 1) {
		low.Add(low, big.NewInt(1))
	}
	return trim(point(low, f.Digits))
}

// scaled returns r times ten to the power of the digits, rounded, and whether there
// was nothing to round.
func (f Format) scaled(r *big.Rat) (n *big.Int, same bool) {
	q, rest := new(big.Int).QuoRem(new(big.Int).Mul(r.Num(), pow10(f.Digits)), r.Denom(), new(big.Int))
	if rest.Sign() == 0 {
		return q, true
	}
	toHalf := new(big.Int).Lsh(rest.Abs(rest), 1).Cmp(r.Denom())
	if f.Rounding.away(toHalf, q.Bit(0) == 1, r.Sign()) {
		q.Add(q, big.NewInt(int64(r.Sign())))
	}
	return q, false
}

// away decides whether what lies between two neighbours goes to the one further
// from zero. toHalf compares it to their middle, odd tells about the nearer.
func (m Rounding) away(toHalf int, odd bool, sign int) bool {
	switch m {
	case Up:
		return true
	case Ceiling:
		return sign > 0
	case Floor:
		return sign < 0
	case HalfUp:
		return toHalf >= 0
	case HalfDown:
		return toHalf > 0
	case HalfEven:
		return toHalf > 0 || toHalf == 0 && odd
	default:
		return false
	}
}

// point writes n with a decimal point before its last digits.
func point(n *big.Int, digits int) string {
	s := new(big.Int).Abs(n).String()
	if len(s) <= digits {
		s = strings.Repeat("0", digits-len(s)+1) + s
	}
	if digits > 0 {
		s = s[:len(s)-digits] + "." + s[len(s)-digits:]
	}
	if n.Sign() < 0 {
		s = "-" + s
	}
	return s
}

func trim(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
