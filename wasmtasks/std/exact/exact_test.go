package exact

import (
	"encoding/json"
	"math/big"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0.50": "-1/2", "+3": "3", ".25": "1/4", "6e3": "6000", "1.5E-2": "3/200", "12.": "12",
		"123456789012345678901234567890": "123456789012345678901234567890",
	} {
		if r, err := Parse(text); err != nil || Fraction(r) != want {
			t.Errorf("Parse(%q) = %v, %v, want %s", text, r, err, want)
		}
	}
	for _, text := range []string{"", ".", "-", "--1", "+-1", "1,000", "1.2.3", "0x10", "1e", "1e1001", "1e99999999999", "NaN", "Inf", "1 ", "٣", "1_0", "1/2"} {
		if r, err := Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v", text, r)
		}
	}
}

func TestNumberFromJSON(t *testing.T) {
	var in []Number
	if err := json.Unmarshal([]byte(`[0.1,"0.1",1e+21,-3]`), &in); err != nil || in[0] != "0.1" || in[1] != in[0] || in[2] != "1e+21" {
		t.Errorf("%q, %v", in, err)
	}
	for _, text := range []string{`[true]`, `[null,{}]`, `[[]]`} {
		if err := json.Unmarshal([]byte(text), &in); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

// The table is that of java.math.RoundingMode.
func TestRoundingModes(t *testing.T) {
	values := []string{"5.5", "2.5", "1.6", "1.1", "1.0", "-1.0", "-1.1", "-1.6", "-2.5", "-5.5"}
	for mode, want := range map[Rounding][]string{
		Up:       {"6", "3", "2", "2", "1", "-1", "-2", "-2", "-3", "-6"},
		Down:     {"5", "2", "1", "1", "1", "-1", "-1", "-1", "-2", "-5"},
		Ceiling:  {"6", "3", "2", "2", "1", "-1", "-1", "-1", "-2", "-5"},
		Floor:    {"5", "2", "1", "1", "1", "-1", "-2", "-2", "-3", "-6"},
		HalfUp:   {"6", "3", "2", "1", "1", "-1", "-1", "-2", "-3", "-6"},
		HalfDown: {"5", "2", "2", "1", "1", "-1", "-1", "-2", "-2", "-5"},
		HalfEven: {"6", "2", "2", "1", "1", "-1", "-1", "-2", "-2", "-6"},
	} {
		for i, v := range values {
			r, _ := Parse(v)
			if got := (Format{0, mode}).Decimal(r); got != want[i] {
				t.Errorf("%s %s = %s, want %s", mode, v, got, want[i])
			}
		}
	}
}

func TestDecimals(t *testing.T) {
	f := Format{3, HalfEven}
	for _, tc := range []struct {
		r             *big.Rat
		fixed, trimed string
		same          bool
	}{
		{big.NewRat(1, 3), "0.333", "0.333", false}, {big.NewRat(-1, 2), "-0.500", "-0.5", true},
		{big.NewRat(100, 1), "100.000", "100", true}, {big.NewRat(-1, 9999), "0.000", "0", false},
	} {
		got, same := f.Trimmed(tc.r)
		if f.Decimal(tc.r) != tc.fixed || got != tc.trimed || same != tc.same {
			t.Errorf("%v: %s, %s, %v", tc.r, f.Decimal(tc.r), got, same)
		}
	}
}

// big.Float with far more bits is the oracle.
func TestSqrt(t *testing.T) {
	for _, text := range []string{"2", "0", "16", "0.0001", "6.25", "2.25", "99999999999999999999", "3e-7"} {
		r, _ := Parse(text)
		root := new(big.Float).SetPrec(400).SetRat(r)
		root.Sqrt(root)
		want, _ := root.Rat(nil)
		if want == nil {
			want = new(big.Rat)
		}
		for _, mode := range []Rounding{HalfEven, HalfUp, HalfDown, Down, Floor} {
			f := Format{30, mode}
			if w, _ := f.Trimmed(want); f.Sqrt(r) != w {
				t.Errorf("sqrt %s %s = %s, want %s", text, mode, f.Sqrt(r), w)
			}
		}
	}
	for mode, want := range map[Rounding]string{HalfEven: "2", HalfUp: "3", HalfDown: "2", Up: "3", Down: "2"} {
		if got := (Format{0, mode}).Sqrt(big.NewRat(25, 4)); got != want {
			t.Errorf("sqrt 6.25 %s = %s, want %s", mode, got, want)
		}
	}
}

func TestFormatCheck(t *testing.T) {
	for _, f := range []Format{{}, {-1, Up}, {201, Up}, {2, "nearest"}} {
		if f.Check() == nil {
			t.Errorf("%+v is taken", f)
		}
	}
}

// FuzzParse compares with big.Rat, which takes more forms than Parse.
func FuzzParse(f *testing.F) {
	f.Add("1.5e3")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			return
		}
		if want, ok := new(big.Rat).SetString(s); !ok || want.Cmp(r) != 0 {
			t.Errorf("Parse(%q) = %v, big.Rat says %v", s, r, want)
		}
	})
}
