package cell

import (
	"encoding/json"
	"math/big"
	"slices"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/exact"
)

// FuzzNum compares small numbers with fractions.
func FuzzNum(f *testing.F) {
	f.Add("1.50", "-0.0015")
	f.Add("999999999999999999", "0.000000000000000001")
	f.Add("-9223372036854775808", "1e30")
	f.Fuzz(func(t *testing.T, x, y string) {
		a, okA := ParseNum(x)
		r, err := exact.Parse(x)
		if okA != (err == nil) {
			t.Fatalf("%q is a number: %v, exactly %v", x, okA, err)
		}
		b, okB := ParseNum(y)
		if !okA || !okB {
			return
		}
		if a.Rat().Cmp(r) != 0 || a.Cmp(b) != a.Rat().Cmp(b.Rat()) || b.Cmp(a) != -a.Cmp(b) {
			t.Errorf("%q and %q: %v and %v, %d", x, y, a.Rat(), b.Rat(), a.Cmp(b))
		}
		product, total := new(big.Rat).Mul(a.Rat(), b.Rat()), new(big.Rat).Add(a.Rat(), b.Rat())
		if a.Mul(b).Rat().Cmp(product) != 0 || a.Add(b).Rat().Cmp(total) != 0 || a.Neg().Add(a).Rat().Sign() != 0 {
			t.Errorf("%q and %q: product %v, sum %v", x, y, a.Mul(b).Rat(), a.Add(b).Rat())
		}
		var s Sum
		want := new(big.Rat)
		for range 30 { // far enough to overflow 64 bits
			s.Add(a)
			s.Add(b)
			want.Add(want, a.Rat()).Add(want, b.Rat())
		}
		if s.Rat().Cmp(want) != 0 {
			t.Errorf("30 times %q and %q are %v, want %v", x, y, s.Rat(), want)
		}
	})
}

// The values are those of R: quantile(c(15,20,35,40,50), c(.05,.3,.4,.5,1)).
func TestQuantile(t *testing.T) {
	var sorted []Num
	for _, s := range []string{"50", "15", "20", "35", "40"} {
		n, _ := ParseNum(s)
		sorted = append(sorted, n)
	}
	slices.SortFunc(sorted, Num.Cmp)
	for q, want := range map[string]string{"0.05": "16", "0.3": "23", "0.4": "29", "0.5": "35", "1": "50", "0": "15"} {
		share, _ := exact.Parse(q)
		if got := Quantile(sorted, share); got.RatString() != want {
			t.Errorf("%s: %v, want %s", q, got, want)
		}
	}
}

func TestWrite(t *testing.T) {
	v, err := value.Parse([]byte(`[null,"",true,1.50,9007199254740993,"x",{"a":[1]}]`))
	if err != nil {
		t.Fatal(err)
	}
	two := exact.Format{Digits: 2, Rounding: exact.HalfEven}
	var written []any
	for _, x := range v.Items {
		written = append(written, OfValue(x).Write(two))
	}
	got, err := json.Marshal(written)
	if want := `[null,null,true,1.50,"9007199254740993","x",{"a":[1]}]`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	if got := OfRat(big.NewRat(1, 3)).Write(two); got != "0.33" {
		t.Errorf("a third is written as %v", got)
	}
}
