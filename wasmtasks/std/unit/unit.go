// Package unit converts quantities between units by exact rational factors. It
// promises not to guess: a name that stands for several units, such as gallon,
// is refused with the names of those it may stand for.
package unit

import (
	"context"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// ConvertInput is a quantity and the unit it is wanted in.
type ConvertInput struct {
	Value exact.Number `json:"value"`
	From  string       `json:"from" jsonschema_description:"a symbol (km, gal_us, °C, MiB) or an English name, singular or plural"`
	To    string       `json:"to"`
	exact.Format
}

// ConvertOutput is the quantity in the unit asked for.
type ConvertOutput struct {
	Value     string `json:"value" jsonschema_description:"rounded, without trailing zeros"`
	Fraction  string `json:"fraction" jsonschema_description:"the exact value"`
	Exact     bool   `json:"exact" jsonschema_description:"whether value is the exact value"`
	Dimension string `json:"dimension"`
}

// Converter has the table of units. It never changes.
type Converter struct {
	units     map[string]scale
	names     map[string]string
	ambiguous map[string][]string
}

// NewConverter makes the table of units.
func NewConverter() *Converter { return &Converter{table(), names(), ambiguous()} }

// Convert converts a quantity. Temperatures are points on a scale, not
// differences.
func (c *Converter) Convert(_ context.Context, in ConvertInput) (ConvertOutput, error) {
	if err := in.Check(); err != nil {
		return ConvertOutput{}, err
	}
	from, err := c.find("from", in.From)
	if err != nil {
		return ConvertOutput{}, err
	}
	to, err := c.find("to", in.To)
	if err != nil {
		return ConvertOutput{}, err
	}
	if from.dimension != to.dimension {
		return ConvertOutput{}, field.Errorf("to", "%q is a unit of %s, %q of %s", in.To, to.dimension, in.From, from.dimension)
	}
	r, err := in.Value.Rat("value")
	if err != nil {
		return ConvertOutput{}, err
	}
	r = to.from(from.base(r))
	out := ConvertOutput{Fraction: exact.Fraction(r), Dimension: from.dimension}
	out.Value, out.Exact = in.Trimmed(r)
	return out, nil
}

// find resolves a unit's name.
func (c *Converter) find(name, text string) (scale, error) {
	text = strings.TrimSpace(text)
	for _, n := range []string{text, strings.TrimSuffix(text, "s"), strings.ToLower(text), strings.TrimSuffix(strings.ToLower(text), "s")} {
		if choices, ok := c.ambiguous[n]; ok {
			return scale{}, field.Errorf(name, "%q does not say which unit, one of %q or another", text, choices)
		}
		if long, ok := c.names[n]; ok {
			return c.units[long], nil
		}
		if u, ok := c.units[n]; ok && n == text { // symbols have a case and no plural
			return u, nil
		}
	}
	return scale{}, field.Errorf(name, "%.40q is not a unit known here, such as %q", text, slices.Sorted(maps.Keys(c.units))[:8])
}

// base converts a value to the dimension's base unit, from back.
func (s scale) base(r *big.Rat) *big.Rat {
	r = new(big.Rat).Add(r, s.shift())
	return r.Mul(r, quotient(s.factor))
}

func (s scale) from(base *big.Rat) *big.Rat {
	r := new(big.Rat).Quo(base, quotient(s.factor))
	return r.Sub(r, s.shift())
}

func (s scale) shift() *big.Rat {
	if s.offset == "" {
		return new(big.Rat)
	}
	return quotient(s.offset)
}

// quotient reads a number of the table, which the tests check.
func quotient(text string) *big.Rat {
	over, under, divided := strings.Cut(text, "/")
	r, _ := exact.Parse(over)
	if divided {
		d, _ := exact.Parse(under)
		r.Quo(r, d)
	}
	return r
}
