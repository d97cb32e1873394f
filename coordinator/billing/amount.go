package billing

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/krako-labs/krako/contracts"
)

// Amount is money in millionths of the plan's currency. In JSON it is a string
// with six decimals.
type Amount int64

// maxAmount bounds an amount: nine trillion.
const maxAmount Amount = math.MaxInt64

// exact computes inside the ledger: 28 digits, rounded half-even, and anything
// out of range is an error.
var exact = apd.Context{
	Precision: 28, MaxExponent: 6144, MinExponent: -6143, Rounding: apd.RoundHalfEven,
	Traps: apd.Overflow | apd.Underflow | apd.InvalidOperation | apd.DivisionByZero | apd.DivisionUndefined | apd.DivisionImpossible | apd.Subnormal,
}

// roundToLedger rounds a decimal to millionths, half-even.
func roundToLedger(d *apd.Decimal) (Amount, error) {
	var q apd.Decimal
	wide := exact
	wide.Precision = 40
	if _, err := wide.Quantize(&q, d, -6); err != nil {
		return 0, contracts.Errorf(contracts.CodeValidation, d.String(), "amount cannot be rounded: %w", err)
	}
	micros := apd.NewWithBigInt(&q.Coeff, 0)
	n, err := micros.Int64()
	if err != nil {
		return 0, contracts.Errorf(contracts.CodeValidation, d.String(), "amount is beyond %s", maxAmount)
	}
	if q.Negative {
		n = -n
	}
	return Amount(n), nil
}

// ParseAmount reads a decimal that has six decimals at most. A NaN, an infinity
// or anything finer is a VALIDATION_ERROR.
func ParseAmount(s string) (Amount, error) {
	d, err := parseDecimal(s)
	if err != nil {
		return 0, err
	}
	if d.Exponent < -6 {
		var r apd.Decimal
		r.Reduce(d)
		if r.Exponent < -6 {
			return 0, contracts.Errorf(contracts.CodeValidation, s, "amount is finer than a millionth")
		}
	}
	return roundToLedger(d)
}

// parseDecimal reads a finite decimal in plain or scientific form.
func parseDecimal(s string) (*apd.Decimal, error) {
	if len(s) > 64 {
		return nil, contracts.Errorf(contracts.CodeValidation, s[:64], "number has more than 64 characters")
	}
	d, _, err := apd.NewFromString(s)
	if err != nil || d.Form != apd.Finite || strings.HasPrefix(s, "+") {
		return nil, contracts.Errorf(contracts.CodeValidation, s, "is not a finite decimal number")
	}
	return d, nil
}

func (a Amount) String() string {
	sign, u := "", uint64(a)
	if a < 0 {
		sign, u = "-", -u
	}
	whole, micros := u/1e6, u%1e6
	tail := strconv.FormatUint(1e6+micros, 10)[1:]
	return sign + strconv.FormatUint(whole, 10) + "." + tail
}

// MarshalText implements encoding.TextMarshaler.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Amount) UnmarshalText(b []byte) (err error) {
	*a, err = ParseAmount(string(b))
	return err
}

// plus adds two amounts; ok is false where the sum is out of range.
func (a Amount) plus(b Amount) (sum Amount, ok bool) {
	u, _ := bits.Add64(uint64(a), uint64(b), 0)
	sum = Amount(u)
	return sum, (sum > a) == (b > 0)
}
