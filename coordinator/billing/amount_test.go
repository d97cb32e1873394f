package billing

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/apd/v3"

	"github.com/krako-labs/krako/contracts"
)

// reference rounds num/den to millionths, half-even, with integers only.
func reference(num, den *big.Int) *big.Int {
	n := new(big.Int).Mul(num, big.NewInt(1_000_000))
	q, r := new(big.Int).QuoRem(n, den, new(big.Int))
	twice := new(big.Int).Abs(new(big.Int).Lsh(r, 1))
	switch c := twice.CmpAbs(den); {
	case c > 0, c == 0 && q.Bit(0) == 1:
		q.Add(q, big.NewInt(int64(n.Sign()*den.Sign())))
	}
	return q
}

func TestRoundingIsHalfEven(t *testing.T) {
	for in, want := range map[string]string{
		"0.0000005": "0.000000", "0.0000015": "0.000002", "0.0000025": "0.000002", "-0.0000015": "-0.000002", "-0.0000025": "-0.000002",
		"0.00000050000000000000000000001": "0.000001", "0.0000004999999999999999999999": "0.000000",
		"1": "1.000000", "1E+6": "1000000.000000", "9223372036854.775807": "9223372036854.775807", "123.4567895": "123.456790",
	} {
		d, err := parseDecimal(in)
		if err != nil {
			t.Fatal(err)
		}
		a, err := roundToLedger(d)
		if err != nil || a.String() != want {
			t.Errorf("%s is %s, want %s (%v)", in, a, want, err)
		}
	}
}

// Against integers: random products of a price and a count.
func TestPricesAgainstIntegers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		price, scale := rng.Int64N(1e12), 1+rng.IntN(16)
		in, out := rng.Int64N(1e12), rng.Int64N(1e6)
		p := Plan{Version: "v", Currency: "C", LLM: map[contracts.ModelTier]TokenPrices{
			contracts.TierSmall: {Decimal{*apd.New(price, -int32(scale))}, Decimal{*apd.New(price, -int32(scale))}},
		}}
		got, err := p.tokens(contracts.TierSmall, in, out)
		den := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale+6)), nil)
		want := reference(new(big.Int).Mul(big.NewInt(price), new(big.Int).Add(big.NewInt(in), big.NewInt(out))), den)
		if !want.IsInt64() {
			if err == nil {
				t.Fatalf("%d·10^-%d × %d tokens is %s, beyond an amount", price, scale, in+out, got)
			}
			continue
		}
		if err != nil || int64(got) != want.Int64() {
			t.Fatalf("%d·10^-%d × %d tokens is %s, want %s millionths (%v)", price, scale, in+out, got, want, err)
		}
	}
}

func TestBillionsOfTokens(t *testing.T) {
	p := DefaultPlan()
	got, err := p.tokens(contracts.TierLarge, 1e12, 1e12)
	if err != nil || got.String() != "2000000.000000" {
		t.Errorf("10¹² tokens each way cost %s (%v)", got, err)
	}
	if tiny, err := p.cpu(1, ""); err != nil || tiny != 0 {
		t.Errorf("one unit of fuel costs %s (%v)", tiny, err)
	}
	if most, err := p.cpu(1<<64-1, ""); err != nil || most.String() != "18446.744074" {
		t.Errorf("all fuel there is costs %s (%v)", most, err)
	}
}

func TestBadAmounts(t *testing.T) {
	for _, s := range []string{"", "NaN", "sNaN", "Infinity", "-Inf", "1e", "0x10", "+1", "1,0", "0.0000001", "1e30", "99999999999999", "1_000"} {
		if a, err := ParseAmount(s); err == nil || contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%q is %s (%v)", s, a, err)
		}
	}
	for in, want := range map[string]Amount{"1": 1e6, "-0.000001": -1, "1.50": 1_500_000, "1e-6": 1, "0": 0, "1.0000000": 1e6} {
		if a, err := ParseAmount(in); err != nil || a != want {
			t.Errorf("%q is %s, want %s (%v)", in, a, want, err)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"1.5", "-0.000001", "NaN", "1e9", "9223372036854.775807"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAmount(s)
		if err != nil {
			return
		}
		again, err := ParseAmount(a.String())
		if err != nil || again != a {
			t.Errorf("%q is %s, which is %s (%v)", s, a, again, err)
		}
	})
}
