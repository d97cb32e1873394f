package num

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// The values are those of bc -l, rounded half to even.
func TestRoot(t *testing.T) {
	for _, tc := range []struct {
		value  exact.Number
		degree int
		want   string
		exact  bool
	}{
		{"95", 2, "9.75", false}, {"2", 2, "1.41", false}, {"27", 3, "3", true}, {"-27", 3, "-3", true}, {"0.0625", 4, "0.5", true}, {"1024", 10, "2", true}, {"0", 5, "0", true},
		{"1.550025", 2, "1.24", false}, {"10", 3, "2.15", false}, {"0.0001", 2, "0.01", true}, {"0.000001", 2, "0", false}, {"1e60", 3, "100000000000000000000", true},
	} {
		out, err := Root(t.Context(), RootInput{tc.value, tc.degree, two})
		if err != nil || out != (RootOutput{tc.want, tc.exact}) {
			t.Errorf("root %d of %s = %+v, %v, want %s", tc.degree, tc.value, out, err, tc.want)
		}
	}
	// 1.005 is exactly between; 1.00500001 is not.
	for value, want := range map[exact.Number]string{"1.010025": "1", "1.010025000001": "1.01"} {
		if out, err := Root(t.Context(), RootInput{value, 2, two}); err != nil || out.Value != want {
			t.Errorf("root of %s = %s, %v, want %s", value, out.Value, err, want)
		}
	}
}

func TestIntegers(t *testing.T) {
	for n := int64(1); n < 3000; n++ {
		out, err := Factorize(t.Context(), FactorInput{exact.Number(fmt.Sprint(n))})
		product := big.NewInt(1)
		for _, f := range out.Factors {
			p, _ := new(big.Int).SetString(f.Prime, 10)
			product.Mul(product, new(big.Int).Exp(p, big.NewInt(int64(f.Power)), nil))
		}
		if err != nil || product.Int64() != n || out.Prime != big.NewInt(n).ProbablyPrime(20) {
			t.Fatalf("%d: %+v, %v", n, out, err)
		}
	}
	out, err := Factorize(t.Context(), FactorInput{"999999999989"})
	if err != nil || !out.Prime || out.Next != "1000000000039" {
		t.Errorf("%+v, %v", out, err)
	}
	gcd, err := GCD(t.Context(), GCDInput{[]exact.Number{"12", "-18", "30"}})
	if err != nil || gcd != (GCDOutput{"6", "180"}) {
		t.Errorf("%+v, %v", gcd, err)
	}
	if gcd, err := GCD(t.Context(), GCDInput{[]exact.Number{"0", "7"}}); err != nil || gcd != (GCDOutput{"7", "0"}) {
		t.Errorf("%+v, %v", gcd, err)
	}
}

func TestSequence(t *testing.T) {
	for _, tc := range []struct {
		in        SequenceInput
		want, sum string
	}{
		{SequenceInput{"range", "1", "0.5", 4}, "1 3/2 2 5/2", "7"}, {SequenceInput{"geometric", "3", "-2", 4}, "3 -6 12 -24", "-15"}, {SequenceInput{"fibonacci", "", "", 8}, "0 1 1 2 3 5 8 13", "33"},
		{SequenceInput{"primes", "", "", 6}, "2 3 5 7 11 13", "41"}, {SequenceInput{"factorials", "", "", 5}, "1 1 2 6 24", "34"},
	} {
		if out, err := Sequence(t.Context(), tc.in); err != nil || strings.Join(out.Values, " ") != tc.want || out.Sum != tc.sum {
			t.Errorf("%+v = %+v, %v", tc.in, out, err)
		}
	}
}

func TestRomanAndWords(t *testing.T) {
	for n := 1; n < 4000; n++ {
		a, err := Roman(t.Context(), RomanInput{fmt.Sprint(n)})
		b, err2 := Roman(t.Context(), RomanInput{strings.ToLower(a.Roman)})
		if err != nil || err2 != nil || b.Number != n {
			t.Fatalf("%d is %+v, and that %+v (%v, %v)", n, a, b, err, err2)
		}
	}
	for _, n := range []int64{0, 7, 13, 20, 21, 99, 100, 101, 999, 1000, 1001, 12_345, 100_000, 1_000_000, 205_000_017, 999_999_999_999_999, -40} {
		a, err := Words(t.Context(), WordsInput{fmt.Sprint(n)})
		b, err2 := Words(t.Context(), WordsInput{a.Words})
		if err != nil || err2 != nil || b.Number != n {
			t.Fatalf("%d is %q, and that %d (%v, %v)", n, a.Words, b.Number, err, err2)
		}
	}
	for text, want := range map[string]string{
		"Two hundred and five": "205 two hundred five", "a hundred": "100 one hundred", "minus forty-two": "-42 minus forty-two", "one thousand and one": "1001 one thousand one", "three million four": "3000004 three million four",
	} {
		if out, err := Words(t.Context(), WordsInput{text}); err != nil || fmt.Sprint(out.Number, " ", out.Words) != want {
			t.Errorf("%s: %+v, %v", text, out, err)
		}
	}
	for _, bad := range []string{"", "two three", "hundred two", "and five", "twenty eleven", "five and", "dozen", "1.5", "minus", "one thousand million thousand", "IIII"} {
		if out, err := Words(t.Context(), WordsInput{bad}); err == nil {
			t.Errorf("%q = %+v", bad, out)
		}
		if out, err := Roman(t.Context(), RomanInput{bad}); err == nil {
			t.Errorf("%q = %+v", bad, out)
		}
	}
}

func TestTipAndTax(t *testing.T) {
	tip, err := Tip(t.Context(), TipInput{"100.01", "18", 3, two})
	if err != nil || fmt.Sprint(tip) != "{18.00 118.01 [39.34 39.34 39.33]}" {
		t.Errorf("%v, %v", tip, err)
	}
	if tip, err := Tip(t.Context(), TipInput{"10", "0", 1, two}); err != nil || fmt.Sprint(tip) != "{0.00 10.00 [10.00]}" {
		t.Errorf("%v, %v", tip, err)
	}
	tax, err := Tax(t.Context(), TaxInput{"119", "19", true, two})
	if err != nil || tax != (TaxOutput{"100.00", "19.00", "119.00"}) {
		t.Errorf("%v, %v", tax, err)
	}
	if tax, err := Tax(t.Context(), TaxInput{"99.99", "7", false, two}); err != nil || tax != (TaxOutput{"99.99", "7.00", "106.99"}) {
		t.Errorf("%v, %v", tax, err)
	}
}

func TestFaultsOfTheseNameTheField(t *testing.T) {
	run := func(_ any, err error) error { return err }
	ctx := t.Context()
	for want, err := range map[string]error{
		"value":        run(Root(ctx, RootInput{"-4", 2, two})),
		"degree":       run(Root(ctx, RootInput{"4", 1, two})),
		"values[0]":    run(GCD(ctx, GCDInput{[]exact.Number{"1.5"}})),
		"kind":         run(Sequence(ctx, SequenceInput{Kind: "odd", Count: 1})),
		"start":        run(Sequence(ctx, SequenceInput{Kind: "range", Count: 1})),
		"count":        run(Sequence(ctx, SequenceInput{Kind: "geometric", Start: "1", Step: "1e1000", Count: 100})),
		"people":       run(Tip(ctx, TipInput{"1", "1", 0, two})),
		"tip_percent":  run(Tip(ctx, TipInput{"1", "-1", 1, two})),
		"amount":       run(Tax(ctx, TaxInput{"1.005", "1", false, two})),
		"rate_percent": run(Tax(ctx, TaxInput{"1", "-1", false, two})),
		"rounding":     run(Tax(ctx, TaxInput{Amount: "1", Rate: "1"})),
	} {
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != want {
			t.Errorf("%v, want one about %s", err, want)
		}
	}
	if _, err := Factorize(ctx, FactorInput{"0"}); err == nil {
		t.Error("factors of zero")
	}
}
