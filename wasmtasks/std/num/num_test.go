package num

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

var two = exact.Format{Digits: 2, Rounding: exact.HalfEven}

func TestEval(t *testing.T) {
	for expression, want := range map[string]string{
		"1+2*3": "7", "(1+2)*3": "9", "-2^2": "-4", "(-2)^2": "4", "2^3^2": "512", "2^-2": "1/4", "0.1+0.2": "3/10",
		"7 mod 3": "1", "-7 mod 3": "2", "7 mod -3": "-2", "5.5 mod 2": "3/2", "15% * 240": "36", "10%+5%": "3/20", "200*110%": "220",
		"8/2/2": "2", "2 − 3 × 4 ÷ 6": "0", "1e3": "1000", "--1": "1", "(((1)))": "1", "(-1)^999999999": "-1", "2**10": "1024", "50%^2": "1/4",
	} {
		out, err := Eval(context.Background(), EvalInput{expression, two})
		if err != nil || out.Fraction != want {
			t.Errorf("%s = %s, %v, want %s", expression, out.Fraction, err, want)
		}
	}
}

func TestEvalRefusals(t *testing.T) {
	for expression, want := range map[string]string{
		"": "ends", "1+": "ends", "1 2": `unexpected "2"`, "2(3)": "unexpected", "(1": "not closed", "1)": "unexpected",
		"1/0": "division by zero", "1 mod 0": "division by zero", "0^0": "no value", "0^-1": "no value", "2^0.5": "whole number",
		"10 % 3": "mod", "200+10%": "ambiguous", "200-5%": "ambiguous", "1,000+1": "comma", "9^9^9": "65536 bits", "sqrt 2": "unexpected",
		strings.Repeat("(", 200) + "1": "nested", strings.Repeat("1", 5000): "bytes", "1e99999": "exponent", "1..2": "not a decimal",
	} {
		_, err := Eval(context.Background(), EvalInput{expression, two})
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != "expression" || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v, want one about %q", expression, err, want)
		}
	}
}

// FuzzEval checks that no expression takes long or breaks the parser, and that
// parentheses around the whole change nothing.
func FuzzEval(f *testing.F) {
	f.Add("1+2*(3-4)^2/5%")
	f.Add("-2 mod 3")
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > maxExpression {
			return
		}
		a, err := evaluate(s)
		b, err2 := evaluate("(" + s + ")")
		if err == nil && err2 == nil && a.Cmp(b) != 0 {
			t.Errorf("%q = %v, in parentheses %v", s, a, b)
		}
	})
}

// The values are those of R: quantile(c(15,20,35,40,50), c(.05,.3,.4,.5,1), type = 1, 6, 7), var, sd.
func TestStats(t *testing.T) {
	in := StatsInput{
		Values: []exact.Number{"50", "15", "20", "35", "40"}, Of: "sample",
		Quantiles: []exact.Number{"0.05", "0.3", "0.4", "0.5", "1"}, Format: two,
	}
	for method, want := range map[string]string{
		"nearest_rank": "15 20 20 35 50", "exclusive": "15 19 26 35 50", "linear": "16 23 29 35 50",
	} {
		in.Method = method
		out, err := Stats(context.Background(), in)
		if err != nil || strings.Join(out.Quantiles, " ") != want {
			t.Errorf("%s: %q, %v, want %s", method, out.Quantiles, err, want)
		}
		if out.Sum != "160" || out.Mean != "32" || out.Median != "35" || *out.Variance != "207.5" || *out.Stdev != "14.4" {
			t.Errorf("%+v, variance %s, stdev %s", out, *out.Variance, *out.Stdev)
		}
	}
	one, err := Stats(context.Background(), StatsInput{Values: []exact.Number{"1"}, Of: "sample", Format: two})
	if err != nil || one.Variance != nil || one.Stdev != nil {
		t.Errorf("%+v, %v", one, err)
	}
}

func TestBaseAgreesWithBigInt(t *testing.T) {
	n, _ := new(big.Int).SetString("-123456789012345678901234567890", 10)
	for from := 2; from <= 36; from++ {
		for to := 2; to <= 36; to++ {
			out, err := Base(context.Background(), BaseInput{strings.ToUpper(n.Text(from)), from, to})
			if err != nil || out.Value != n.Text(to) {
				t.Fatalf("from %d to %d: %v, %v", from, to, out, err)
			}
		}
	}
}

// A loan of 100,000 at 0.5 % a month over 360 months costs 599.55 a month, as every textbook says.
func TestLoan(t *testing.T) {
	out, err := Loan(context.Background(), LoanInput{"100000", "0.5", 360, two})
	if err != nil || out.Payment != "599.55" || len(out.Schedule) != 360 {
		t.Fatalf("%s, %d lines, %v", out.Payment, len(out.Schedule), err)
	}
	paid := new(big.Rat)
	for _, p := range out.Schedule {
		r, _ := exact.Parse(p.Principal)
		paid.Add(paid, r)
	}
	if last := out.Schedule[359]; paid.Cmp(count(100_000)) != 0 || last.Balance != "0.00" {
		t.Errorf("principal paid back %s, last %+v", paid.FloatString(2), last)
	}
	if free, err := Loan(context.Background(), LoanInput{"100", "0", 3, two}); err != nil || free.Payment != "33.33" || free.Schedule[2].Payment != "33.34" {
		t.Errorf("%+v, %v", free, err)
	}
}

func TestFinance(t *testing.T) {
	grown, err := Compound(context.Background(), CompoundInput{"1000", "5", 10, false, two})
	if err != nil || grown.Amount != "1628.89" || grown.Interest != "628.89" {
		t.Errorf("%+v, %v", grown, err)
	}
	npv, err := NPV(context.Background(), NPVInput{"10", []exact.Number{"-1000", "500", "400", "300", "100"}, two})
	if err != nil || npv.NPV != "78.82" {
		t.Errorf("%+v, %v", npv, err)
	}
	fall, err := Change(context.Background(), ChangeInput{"-80", "-100", two})
	if err != nil || fall.Percent != "-25.00" || fall.Difference != "-20.00" {
		t.Errorf("%+v, %v", fall, err)
	}
}

func TestFaultsNameTheField(t *testing.T) {
	run := func(_ any, err error) error { return err }
	ctx := context.Background()
	for want, err := range map[string]error{
		"digits":                  run(Eval(ctx, EvalInput{"1", exact.Format{Digits: 500, Rounding: exact.Up}})),
		"rounding":                run(Eval(ctx, EvalInput{"1", exact.Format{}})),
		"values":                  run(Stats(ctx, StatsInput{Of: "sample", Format: two})),
		"values[1]":               run(Stats(ctx, StatsInput{Values: []exact.Number{"1", "x"}, Of: "sample", Format: two})),
		"of":                      run(Stats(ctx, StatsInput{Values: []exact.Number{"1"}, Format: two})),
		"quantile_method":         run(Stats(ctx, StatsInput{Values: []exact.Number{"1"}, Of: "sample", Quantiles: []exact.Number{"0"}, Format: two})),
		"quantiles[0]":            run(Stats(ctx, StatsInput{Values: []exact.Number{"1"}, Of: "sample", Quantiles: []exact.Number{"2"}, Method: "linear", Format: two})),
		"value":                   run(Base(ctx, BaseInput{"0x1f", 16, 2})),
		"from":                    run(Change(ctx, ChangeInput{"0", "1", two})),
		"to":                      run(Base(ctx, BaseInput{"1", 2, 37})),
		"periods":                 run(Loan(ctx, LoanInput{"1", "1", 0, two})),
		"principal":               run(Loan(ctx, LoanInput{"-1", "1", 1, two})),
		"rate_percent_per_period": run(Loan(ctx, LoanInput{"1", "-1", 1, two})),
	} {
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != want {
			t.Errorf("%v, want one about %s", err, want)
		}
	}
}
