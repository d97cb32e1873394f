package unit

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

var six = exact.Format{Digits: 6, Rounding: exact.HalfEven}

// The values are those of NIST SP 811 and of everyday life.
func TestConvert(t *testing.T) {
	c := NewConverter()
	for _, tc := range []struct{ value, from, to, want string }{
		{"10", "kg", "lb", "22.046226"}, {"1", "mi", "km", "1.609344"}, {"100", "°C", "°F", "212"}, {"-40", "C", "F", "-40"}, {"0", "K", "C", "-273.15"},
		{"98.6", "fahrenheit", "Celsius", "37"}, {"1", "gal_us", "l", "3.785412"}, {"1", "gal_uk", "pt_uk", "8"}, {"1", "cup_us", "ml", "236.588236"},
		{"1", "GiB", "MB", "1073.741824"}, {"8", "Mbit", "MB", "1"}, {"3.6", "km/h", "m/s", "1"}, {"1", "kn", "km/h", "1.852"}, {"1", "acre", "m2", "4046.856422"},
		{"1", "atm", "psi", "14.695949"}, {"760", "torr", "atm", "1"}, {"1", "kWh", "kJ", "3600"}, {"2", "Hours", "minutes", "120"}, {"3", "feet", "inches", "36"},
		{"1", "ft3", "in3", "1728"}, {"1", "mi2", "acre", "640"}, {"1", "gal_us", "in3", "231"}, {"1", "st", "lb", "14"}, {"1", "ton_uk", "lb", "2240"},
		{"1", "bbl_oil", "gal_us", "42"}, {"1", "cup_us", "tbsp_us", "16"}, {"1", "tbsp_us", "tsp_us", "3"}, {"1", "floz_uk", "pt_uk", "0.05"}, {"7000", "gr", "lb", "1"},
	} {
		out, err := c.Convert(context.Background(), ConvertInput{exact.Number(tc.value), tc.from, tc.to, six})
		if err != nil || out.Value != tc.want {
			t.Errorf("%s %s = %s %s, %v, want %s", tc.value, tc.from, out.Value, tc.to, err, tc.want)
		}
	}
}

func TestEveryUnitConvertsThereAndBack(t *testing.T) {
	c := NewConverter()
	x := big.NewRat(1234567, 1000)
	for name, u := range c.units {
		if f := quotient(u.factor); f == nil || f.Sign() <= 0 {
			t.Fatalf("%s: factor %s", name, u.factor)
		}
		if back := u.from(u.base(x)); back.Cmp(x) != 0 {
			t.Errorf("%s: %v comes back as %v", name, x, back)
		}
	}
	for name, symbol := range c.names {
		if _, ok := c.units[symbol]; !ok {
			t.Errorf("%s means %s, which is no unit", name, symbol)
		}
	}
	for name, symbols := range c.ambiguous {
		if _, ok := c.units[name]; ok || c.names[name] != "" {
			t.Errorf("%s is ambiguous and a unit", name)
		}
		for _, s := range symbols {
			if _, ok := c.units[s]; !ok {
				t.Errorf("%s may mean %s, which is no unit", name, s)
			}
		}
	}
}

// A pound-force per square inch follows from the pound, standard gravity and the inch.
func TestDerivedFactors(t *testing.T) {
	mul := func(a, b string) *big.Rat { return new(big.Rat).Mul(quotient(a), quotient(b)) }
	force := mul("0.45359237", "9.80665")
	if psi := new(big.Rat).Quo(force, mul("0.0254", "0.0254")); psi.Cmp(quotient(table()["psi"].factor)) != 0 {
		t.Errorf("psi is %v", psi)
	}
	if work := new(big.Rat).Mul(force, quotient("0.3048")); work.Cmp(quotient(table()["ftlb"].factor)) != 0 {
		t.Errorf("ftlb is %v", work)
	}
}

func TestRefusals(t *testing.T) {
	c := NewConverter()
	for _, tc := range []struct{ from, to, field, want string }{
		{"gallon", "l", "from", "gal_uk"}, {"Gallons", "l", "from", "gal_uk"}, {"l", "cup", "to", "cup_metric"}, {"Mb", "B", "from", "Mbit"},
		{"kg", "m", "to", "length"}, {"furlong", "m", "from", "not a unit"}, {"", "m", "from", "not a unit"}, {"KM", "m", "from", "not a unit"},
		{"month", "d", "from", "does not say"}, {"ton", "kg", "from", "ton_us"},
	} {
		_, err := c.Convert(context.Background(), ConvertInput{"1", tc.from, tc.to, six})
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != tc.field || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s to %s: %v", tc.from, tc.to, err)
		}
	}
}
