// Package num is arithmetic on exact numbers: expressions, statistics, radixes
// and the calculations of finance. What has no exact value, a root or a rounded
// quotient, is rounded as the input says. The package promises not to use
// floating point and to bound the size of every intermediate number.
package num

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// EvalInput is an expression and how to write its value.
type EvalInput struct {
	Expression string `json:"expression" jsonschema:"minLength=1,maxLength=4096" jsonschema_description:"decimal numbers, + - * / ^ mod, parentheses, % for hundredths; × ÷ − are taken too"`
	exact.Format
}

// EvalOutput is the value of an expression.
type EvalOutput struct {
	Fraction string `json:"fraction" jsonschema_description:"the exact value in lowest terms"`
	Decimal  string `json:"decimal" jsonschema_description:"the value rounded, without trailing zeros"`
	Exact    bool   `json:"exact" jsonschema_description:"whether decimal is the exact value"`
}

// Eval computes an expression of rational numbers exactly. It refuses what
// people read in two ways: 10 % 3, 200 + 10%, thousands separators, 2(3).
func Eval(_ context.Context, in EvalInput) (EvalOutput, error) {
	if err := in.Check(); err != nil {
		return EvalOutput{}, err
	}
	if err := field.AtMost("expression", len(in.Expression), maxExpression, "bytes"); err != nil {
		return EvalOutput{}, err
	}
	r, err := evaluate(in.Expression)
	if err != nil {
		return EvalOutput{}, field.Errorf("expression", "%v", err)
	}
	out := EvalOutput{Fraction: exact.Fraction(r)}
	out.Decimal, out.Exact = in.Trimmed(r)
	return out, nil
}

// Bounds of an expression.
const (
	maxExpression = 4096    // bytes
	maxDepth      = 100     // of parentheses, signs and powers
	maxBits       = 1 << 16 // of a numerator or denominator
)

var errTooLarge = errors.New("a number on the way has more than 65536 bits")

// power returns a to the power b, a whole number.
func power(a, b *big.Rat) (*big.Rat, error) {
	if !b.IsInt() || !b.Num().IsInt64() {
		return nil, fmt.Errorf("exponent %s is not a whole number of reasonable size", b.RatString())
	}
	n := b.Num().Int64()
	if a.Sign() == 0 && n <= 0 {
		return nil, fmt.Errorf("0 to the power %d has no value", n)
	}
	size := new(big.Int).Abs(b.Num())
	bits := int64(max(a.Num().BitLen(), a.Denom().BitLen()))
	if bits > 1 && (!size.IsInt64() || size.Int64() > maxBits/(bits-1)) {
		return nil, errTooLarge
	}
	if bits <= 1 { // 1 and -1: only the parity counts
		size.SetUint64(uint64(size.Bit(0)))
	}
	r := new(big.Rat).SetFrac(new(big.Int).Exp(a.Num(), size, nil), new(big.Int).Exp(a.Denom(), size, nil))
	if n < 0 {
		r.Inv(r)
	}
	return r, nil
}

// modulo returns the remainder of floored division, which has the sign of b.
func modulo(a, b *big.Rat) *big.Rat {
	q := new(big.Rat).Quo(a, b)
	floor := new(big.Int).Div(q.Num(), q.Denom()) // Euclidean, and so floored, as a denominator is positive
	return new(big.Rat).Sub(a, q.Mul(b, new(big.Rat).SetInt(floor)))
}
