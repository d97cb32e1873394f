package num

import (
	"context"
	"math/big"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// whole reads a whole number of at most so many bits.
func whole(name string, n exact.Number, bits int) (*big.Int, error) {
	r, err := n.Rat(name)
	if err != nil {
		return nil, err
	}
	if !r.IsInt() || r.Num().BitLen() > bits {
		return nil, field.Errorf(name, "%.40q is not a whole number of at most %d bits", string(n), bits)
	}
	return r.Num(), nil
}

// FactorInput is a whole number.
type FactorInput struct {
	Value exact.Number `json:"value" jsonschema_description:"from 1 to 10^12"`
}

// FactorOutput is what divides it.
type FactorOutput struct {
	Prime   bool     `json:"prime"`
	Factors []Factor `json:"factors" jsonschema_description:"prime factors, the smallest first; of 1 none"`
	Next    string   `json:"next_prime" jsonschema_description:"the smallest prime above"`
}

// Factor is a prime and its power.
type Factor struct {
	Prime string `json:"prime"`
	Power int    `json:"power"`
}

// Factorize finds the prime factors of a number by trial division.
func Factorize(_ context.Context, in FactorInput) (FactorOutput, error) {
	n, err := whole("value", in.Value, 63)
	if err != nil {
		return FactorOutput{}, err
	}
	v := n.Int64()
	if v < 1 || v > 1_000_000_000_000 {
		return FactorOutput{}, field.Errorf("value", "%d is not from 1 to 10^12", v)
	}
	out := FactorOutput{Factors: []Factor{}, Next: nextPrime(n).String()}
	rest := v
	for d := int64(2); d*d <= rest; d++ {
		power := 0
		for ; rest%d == 0; rest /= d {
			power++
		}
		if power > 0 {
			out.Factors = append(out.Factors, Factor{big.NewInt(d).String(), power})
		}
	}
	if rest > 1 {
		out.Factors = append(out.Factors, Factor{big.NewInt(rest).String(), 1})
	}
	out.Prime = len(out.Factors) == 1 && out.Factors[0].Power == 1
	return out, nil
}

// nextPrime is certain below 2^64 (big.Int.ProbablyPrime with Baillie-PSW).
func nextPrime(n *big.Int) *big.Int {
	next := new(big.Int).Add(n, big.NewInt(1))
	for !next.ProbablyPrime(0) {
		next.Add(next, big.NewInt(1))
	}
	return next
}

// GCDInput is whole numbers.
type GCDInput struct {
	Values []exact.Number `json:"values" jsonschema:"minItems=1,maxItems=1000"`
}

// GCDOutput is what they have in common.
type GCDOutput struct {
	GCD string `json:"gcd"`
	LCM string `json:"lcm"`
}

// GCD computes the greatest common divisor and the least common multiple.
func GCD(_ context.Context, in GCDInput) (GCDOutput, error) {
	if err := field.Between("values", len(in.Values), 1, 1000); err != nil {
		return GCDOutput{}, err
	}
	gcd, lcm := new(big.Int), big.NewInt(1)
	for i, text := range in.Values {
		n, err := whole(field.Index("values", i), text, 3400)
		if err != nil {
			return GCDOutput{}, err
		}
		n = new(big.Int).Abs(n)
		gcd.GCD(nil, nil, gcd, n)
		if n.Sign() == 0 || lcm.Sign() == 0 {
			lcm.SetInt64(0)
			continue
		}
		lcm.Mul(lcm, new(big.Int).Quo(n, new(big.Int).GCD(nil, nil, lcm, n)))
		if lcm.BitLen() > maxBits {
			return GCDOutput{}, field.Errorf("values", "%v", errTooLarge)
		}
	}
	return GCDOutput{gcd.String(), lcm.String()}, nil
}

// SequenceInput is a sequence of numbers and how many of it.
type SequenceInput struct {
	Kind  string       `json:"kind" jsonschema:"enum=range,enum=geometric,enum=fibonacci,enum=primes,enum=factorials" jsonschema_description:"range adds step, geometric multiplies by it; the others begin 0, 1; 2, 3; and 1, 1"`
	Start exact.Number `json:"start,omitempty" jsonschema_description:"of range and geometric"`
	Step  exact.Number `json:"step,omitempty" jsonschema_description:"of range and geometric"`
	Count int          `json:"count" jsonschema:"minimum=1,maximum=1000"`
}

// SequenceOutput is its numbers, as fractions where they are not whole.
type SequenceOutput struct {
	Values []string `json:"values"`
	Sum    string   `json:"sum"`
}

// Sequence gives the first numbers of a sequence.
func Sequence(_ context.Context, in SequenceInput) (SequenceOutput, error) {
	if err := field.Between("count", in.Count, 1, 1000); err != nil {
		return SequenceOutput{}, err
	}
	next, err := in.numbers()
	if err != nil {
		return SequenceOutput{}, err
	}
	out, total := SequenceOutput{}, new(big.Rat)
	for range in.Count {
		v := next()
		if bounded(v) != nil {
			return SequenceOutput{}, field.Errorf("count", "%v", errTooLarge)
		}
		total.Add(total, v)
		out.Values = append(out.Values, exact.Fraction(v))
	}
	out.Sum = exact.Fraction(total)
	return out, nil
}

// numbers returns a function that gives one number after the other.
func (in SequenceInput) numbers() (func() *big.Rat, error) {
	a, b, n := count(0), count(1), 0
	switch in.Kind {
	case "fibonacci":
		return func() *big.Rat { v := a; a, b = b, new(big.Rat).Add(a, b); return v }, nil
	case "factorials":
		return func() *big.Rat { v := b; n++; b = new(big.Rat).Mul(b, count(n)); return v }, nil
	case "primes":
		p := big.NewInt(1)
		return func() *big.Rat { p = nextPrime(p); return new(big.Rat).SetInt(p) }, nil
	case "range", "geometric":
		start, err := in.Start.Rat("start")
		if err != nil {
			return nil, err
		}
		step, err := in.Step.Rat("step")
		if err != nil {
			return nil, err
		}
		advance := (*big.Rat).Add
		if in.Kind == "geometric" {
			advance = (*big.Rat).Mul
		}
		return func() *big.Rat { v := start; start = advance(new(big.Rat), start, step); return v }, nil
	}
	return nil, field.OneOf("kind", in.Kind, "range", "geometric", "fibonacci", "primes", "factorials")
}

// RootInput is a number and which root of it.
type RootInput struct {
	Value  exact.Number `json:"value"`
	Degree int          `json:"degree" jsonschema:"minimum=2,maximum=10" jsonschema_description:"2 for the square root, 3 for the cube root"`
	exact.Format
}

// RootOutput is the root.
type RootOutput struct {
	Value string `json:"value" jsonschema_description:"rounded, without trailing zeros"`
	Exact bool   `json:"exact" jsonschema_description:"whether value is the exact root"`
}

// Root computes a root, rounded correctly.
func Root(_ context.Context, in RootInput) (RootOutput, error) {
	if err := in.Check(); err != nil {
		return RootOutput{}, err
	}
	if err := field.Between("degree", in.Degree, 2, 10); err != nil {
		return RootOutput{}, err
	}
	r, err := in.Value.Rat("value")
	if err != nil {
		return RootOutput{}, err
	}
	if r.Sign() < 0 && in.Degree%2 == 0 {
		return RootOutput{}, field.Errorf("value", "%s is negative and has no real root of degree %d", in.Value, in.Degree)
	}
	root := in.root(new(big.Rat).Abs(r))
	if r.Sign() < 0 {
		root.Neg(root)
	}
	out := RootOutput{}
	out.Value, _ = in.Trimmed(root)
	back, err := exact.Parse(out.Value)
	if err != nil {
		return RootOutput{}, err
	}
	if back, err = power(back, count(in.Degree)); err != nil {
		return RootOutput{}, field.Errorf("digits", "%v", err)
	}
	out.Exact = back.Cmp(r) == 0
	return out, nil
}

// root returns a number that rounds as the root does: two more digits than asked
// for, cut off, and a hair more if anything was cut off.
func (in RootInput) root(r *big.Rat) *big.Rat {
	digits := in.Digits + 2
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	scale := new(big.Int).Exp(unit, big.NewInt(int64(in.Degree)), nil)
	scaled := new(big.Rat).Mul(r, new(big.Rat).SetInt(scale))
	whole := new(big.Int).Quo(scaled.Num(), scaled.Denom())
	low := floorRoot(whole, in.Degree)
	root := new(big.Rat).SetFrac(low, unit)
	cut := new(big.Rat).SetInt(new(big.Int).Exp(low, big.NewInt(int64(in.Degree)), nil))
	if cut.Cmp(scaled) != 0 {
		root.Add(root, new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Mul(unit, big.NewInt(2))))
	}
	return root
}

// floorRoot finds the largest whole number whose power is not above n.
func floorRoot(n *big.Int, degree int) *big.Int {
	low, high := new(big.Int), new(big.Int).Lsh(big.NewInt(1), uint(n.BitLen()/degree+1))
	for {
		middle := new(big.Int).Add(low, high)
		if middle.Rsh(middle.Add(middle, big.NewInt(1)), 1); middle.Cmp(low) == 0 || low.Cmp(high) >= 0 {
			return low
		}
		if new(big.Int).Exp(middle, big.NewInt(int64(degree)), nil).Cmp(n) <= 0 {
			low = middle
		} else {
			high = middle.Sub(middle, big.NewInt(1))
		}
	}
}
