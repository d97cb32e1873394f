package num

import (
	"context"
	"math/big"
	"slices"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// StatsInput is a list of numbers and which statistics of it.
type StatsInput struct {
	Values    []exact.Number `json:"values" jsonschema:"minItems=1,maxItems=100000"`
	Of        string         `json:"of" jsonschema:"enum=sample,enum=population" jsonschema_description:"what the values are: variance divides by count-1 or count"`
	Quantiles []exact.Number `json:"quantiles,omitempty" jsonschema:"maxItems=1000" jsonschema_description:"each from 0 to 1"`
	Method    string         `json:"quantile_method,omitempty" jsonschema:"enum=linear,enum=exclusive,enum=nearest_rank" jsonschema_description:"Hyndman and Fan's types 7, 6 and 1; required with quantiles"`
	exact.Format
}

// StatsOutput has every statistic rounded, without trailing zeros.
type StatsOutput struct {
	Count    int     `json:"count"`
	Sum      string  `json:"sum"`
	Mean     string  `json:"mean"`
	Median   string  `json:"median"`
	Min      string  `json:"min"`
	Max      string  `json:"max"`
	Variance *string `json:"variance" jsonschema:"nullable" jsonschema_description:"null for a sample of one"`
	Stdev    *string `json:"stdev" jsonschema:"nullable" jsonschema_description:"null for a sample of one"`
	// Quantiles is in the order of the input.
	Quantiles []string `json:"quantiles"`
}

// Stats computes the statistics of a list of numbers.
func Stats(_ context.Context, in StatsInput) (StatsOutput, error) {
	if err := in.check(); err != nil {
		return StatsOutput{}, err
	}
	values, err := exact.Rats("values", in.Values)
	if err != nil {
		return StatsOutput{}, err
	}
	quantiles, err := exact.Rats("quantiles", in.Quantiles)
	if err != nil {
		return StatsOutput{}, err
	}
	slices.SortFunc(values, (*big.Rat).Cmp)
	text := func(r *big.Rat) string { s, _ := in.Trimmed(r); return s }
	total := sum(values)
	mean := new(big.Rat).Quo(total, count(len(values)))
	out := StatsOutput{
		Count: len(values), Sum: text(total), Mean: text(mean), Median: text(quantile(values, big.NewRat(1, 2), "linear")),
		Min: text(values[0]), Max: text(values[len(values)-1]), Quantiles: make([]string, len(quantiles)),
	}
	if v := variance(values, mean, in.Of); v != nil {
		spread, root := text(v), in.Sqrt(v)
		out.Variance, out.Stdev = &spread, &root
	}
	for i, q := range quantiles {
		if q.Sign() < 0 || q.Cmp(big.NewRat(1, 1)) > 0 {
			return StatsOutput{}, field.Errorf(field.Index("quantiles", i), "%s is not from 0 to 1", in.Quantiles[i])
		}
		out.Quantiles[i] = text(quantile(values, q, in.Method))
	}
	return out, nil
}

func (in StatsInput) check() error {
	if err := in.Check(); err != nil {
		return err
	}
	if err := field.Between("values", len(in.Values), 1, 100_000); err != nil {
		return err
	}
	if err := field.AtMost("quantiles", len(in.Quantiles), 1000, "numbers"); err != nil {
		return err
	}
	if len(in.Quantiles) > 0 {
		if err := field.OneOf("quantile_method", in.Method, "linear", "exclusive", "nearest_rank"); err != nil {
			return err
		}
	}
	return field.OneOf("of", in.Of, "sample", "population")
}

func count(n int) *big.Rat { return big.NewRat(int64(n), 1) }

func sum(values []*big.Rat) *big.Rat {
	total := new(big.Rat)
	for _, v := range values {
		total.Add(total, v)
	}
	return total
}

// variance returns nil where it is not defined.
func variance(values []*big.Rat, mean *big.Rat, of string) *big.Rat {
	n := len(values)
	if of == "sample" {
		n--
	}
	if n == 0 {
		return nil
	}
	total, d := new(big.Rat), new(big.Rat)
	for _, v := range values {
		d.Sub(v, mean)
		total.Add(total, d.Mul(d, d))
	}
	return total.Quo(total, count(n))
}

// quantile follows Hyndman and Fan, Sample Quantiles in Statistical Packages
// (1996): the position in the sorted values, and between two of them the line.
func quantile(sorted []*big.Rat, q *big.Rat, method string) *big.Rat {
	n := len(sorted)
	at := new(big.Rat)
	switch method {
	case "nearest_rank": // ceil(n·q), counted from 1
		at.Mul(q, count(n))
		return sorted[max(0, min(n, ceil(at))-1)]
	case "exclusive": // (n+1)·q, counted from 1
		at.Sub(at.Mul(q, count(n+1)), count(1))
	default: // (n-1)·q, counted from 0
		at.Mul(q, count(n-1))
	}
	if at.Sign() <= 0 {
		return sorted[0]
	}
	i := int(new(big.Int).Quo(at.Num(), at.Denom()).Int64())
	if i >= n-1 {
		return sorted[n-1]
	}
	step := new(big.Rat).Sub(sorted[i+1], sorted[i])
	return step.Add(sorted[i], step.Mul(step, at.Sub(at, count(i))))
}

func ceil(r *big.Rat) int {
	q := new(big.Int).Add(r.Num(), new(big.Int).Sub(r.Denom(), big.NewInt(1)))
	return int(q.Div(q, r.Denom()).Int64())
}
