// Package exact has the numbers of the standard tasks: rationals, read from
// decimal text and written back as fractions or as decimals under a rounding
// that the caller names. The package promises not to use floating point.
package exact

import (
	"encoding/json"
	"errors"
	"math/big"
	"strconv"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Number is the text of a decimal number in a task's input: a JSON string, or a
// JSON number, which is taken by its text, so that 0.1 is a tenth. A number of
// more than 15 digits is only exact as a string, because canonical JSON has
// doubles.
type Number string

// Bounds of a number's text.
const (
	maxText     = 1000 // bytes
	maxExponent = 1000
)

// UnmarshalJSON takes a string or a number as it is; Rat checks it.
func (n *Number) UnmarshalJSON(b []byte) error {
	if s, ok := plain(b); ok {
		*n = Number(s)
		return nil
	}
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(n))
	}
	if len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9') {
		*n = Number(b)
		return nil
	}
	return errors.New("a number is a JSON number or a string of one")
}

// plain returns what stands in a JSON string of printable ASCII without escapes.
func plain(b []byte) (s []byte, ok bool) {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return nil, false
	}
	s = b[1 : len(b)-1]
	for _, c := range s {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return nil, false
		}
	}
	return s, true
}

// Rat returns the number's value. The error names the given field.
func (n Number) Rat(name string) (*big.Rat, error) {
	r, err := Parse(string(n))
	if err != nil {
		return nil, field.Errorf(name, "%v", err)
	}
	return r, nil
}

// Rats returns the values of a list of numbers. The error names the element.
func Rats[T ~string](name string, numbers []T) ([]*big.Rat, error) {
	out := make([]*big.Rat, len(numbers))
	for i, n := range numbers {
		r, err := Number(n).Rat(field.Index(name, i))
		if err != nil {
			return nil, err
		}
		out[i] = r
	}
	return out, nil
}

// Parse reads a decimal number: sign, digits with at most one point between or
// before them, exponent. Separators of thousands are refused, for the same sign
// is a decimal comma elsewhere.
func Parse(s string) (*big.Rat, error) {
	if s == "" {
		return nil, errors.New("is required: a decimal number")
	}
	if len(s) > maxText {
		return nil, errors.New("number is longer than 1000 bytes")
	}
	mantissa, exponent, err := cutExponent(s)
	if err != nil {
		return nil, err
	}
	whole, fraction, _ := strings.Cut(strings.TrimLeft(mantissa, "+-"), ".")
	if len(mantissa)-len(strings.TrimLeft(mantissa, "+-")) > 1 || !digits(whole+fraction) {
		return nil, errors.New(strconv.Quote(s) + " is not a decimal number such as -1234.5 or 6e3")
	}
	n := integer(whole + fraction)
	if mantissa[0] == '-' {
		n.Neg(n)
	}
	return scale(new(big.Rat).SetInt(n), exponent-len(fraction)), nil
}

func cutExponent(s string) (mantissa string, exponent int, err error) {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return s, 0, nil
	}
	exponent, err = strconv.Atoi(s[i+1:])
	if err != nil || exponent > maxExponent || exponent < -maxExponent {
		return "", 0, errors.New("exponent of " + strconv.Quote(s) + " is not a whole number from -1000 to 1000")
	}
	return s[:i], exponent, nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// integer returns the value of digits.
func integer(digits string) *big.Int {
	if len(digits) > maxSmall {
		n, _ := new(big.Int).SetString(digits, 10)
		return n
	}
	n := int64(0)
	for i := range len(digits) {
		n = 10*n + int64(digits[i]-'0')
	}
	return big.NewInt(n)
}

// scale returns r times ten to the power e.
func scale(r *big.Rat, e int) *big.Rat {
	switch {
	case e == 0:
		return r
	case e < 0 && r.IsInt():
		return r.SetFrac(r.Num(), pow10(-e))
	case e < 0:
		return r.Quo(r, new(big.Rat).SetInt(pow10(-e)))
	case r.IsInt():
		return r.SetInt(new(big.Int).Mul(r.Num(), pow10(e)))
	}
	return r.Mul(r, new(big.Rat).SetInt(pow10(e)))
}

// maxSmall is how many digits any of fits an int64.
const maxSmall = 18

// powers are the first powers of ten.
var powers = func() (p [maxSmall + 1]*big.Int) {
	n := int64(1)
	for i := range p {
		p[i] = big.NewInt(n)
		n *= 10
	}
	return p
}()

// pow10 returns ten to the power e, which nobody may change.
func pow10(e int) *big.Int {
	if e <= maxSmall {
		return powers[e]
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(e)), nil)
}

// Fraction writes r in lowest terms: "7", "-1/3".
func Fraction(r *big.Rat) string { return r.RatString() }
