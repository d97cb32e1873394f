package chaos

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

func unit(i int) cid.Cid { return dagcbor.RawCID([]byte(strconv.Itoa(i))) }

func TestActsHaveTheirRatesAndAreTheSameAgain(t *testing.T) {
	text := []byte(`{"seed":7,"rates":{"lie":0.1,"stall":0.05,"old_seq":0.25},"honest_for":3}`)
	p, err := ParsePlan(text)
	if err != nil {
		t.Fatal(err)
	}
	const n = 20_000
	counts := map[Act]int{}
	for i := range n {
		act := p.act(unit(i), 3)
		counts[act]++
		if again := p.act(unit(i), 100+i); again != act {
			t.Fatalf("unit %d: %s and then %s", i, act, again)
		}
		if p.act(unit(i), 2) != Honest {
			t.Fatalf("unit %d: a sleeper that does not sleep", i)
		}
	}
	for act, rate := range map[Act]float64{Lie: 0.1, Stall: 0.05, OldSeq: 0.25, Honest: 0.6, Copy: 0} {
		// Five standard deviations of a binomial count.
		if d := math.Abs(float64(counts[act]) - n*rate); d > 5*math.Sqrt(n*rate*(1-rate)) {
			t.Errorf("%s: %d of %d, want %v", act, counts[act], n, n*rate)
		}
	}
	other := p
	other.Seed++
	same := 0
	for i := range n {
		if p.act(unit(i), 3) == other.act(unit(i), 3) {
			same++
		}
	}
	if same > n*6/10 {
		t.Errorf("another seed treats %d of %d units alike", same, n)
	}
}

func TestLiesLookRight(t *testing.T) {
	for _, output := range []string{`{"n":17}`, `[1,2,30]`, `0`, `"text"`, `{}`, `{"a":1e9}`} {
		alone, ring := Plan{Seed: 1}, Plan{Seed: 1, Ring: "r"}
		for i := range 200 {
			wrong := alone.falsify(unit(i), []byte(output), contracts.DefaultMediaType)
			if !json.Valid(wrong) || string(wrong) == output {
				t.Fatalf("%s became %s", output, wrong)
			}
			friend := Plan{Seed: 2, Ring: "r"}
			if a, b := ring.falsify(unit(i), []byte(output), contracts.DefaultMediaType), friend.falsify(unit(i), []byte(output), contracts.DefaultMediaType); !bytes.Equal(a, b) {
				t.Fatalf("two of a ring say %s and %s", a, b)
			}
		}
	}
	if wrong := (&Plan{}).falsify(unit(1), []byte{0xff, 0x00}, "image/png"); bytes.Equal(wrong, []byte{0xff, 0x00}) {
		t.Error("bytes are not changed")
	}
}

func TestBadPlansAreRefused(t *testing.T) {
	for _, text := range []string{
		``, `{"seed":-1}`, `{"rates":{"charm":0.1}}`, `{"rates":{"honest":0.1}}`, `{"rates":{"lie":-0.1}}`, `{"rates":{"lie":0.6,"copy":0.6}}`,
		`{"honest_for":-1}`, `{"away_ms":600001}`, `{"more":1}`,
	} {
		if _, err := ParsePlan([]byte(text)); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzPlan(f *testing.F) {
	f.Add([]byte(`{"seed":7,"rates":{"lie":0.1,"copy":0.2},"ring":"r","away_ms":10}`), []byte(`{"n":1}`))
	f.Fuzz(func(t *testing.T, text, output []byte) {
		p, err := ParsePlan(text)
		if err != nil {
			return
		}
		if a := p.act(unit(1), p.HonestFor); a != Honest && p.Rates[a] == 0 {
			t.Errorf("act %s has no rate", a)
		}
		if wrong := p.falsify(unit(1), output, contracts.DefaultMediaType); bytes.Equal(wrong, output) {
			t.Errorf("%q is no lie", wrong)
		}
	})
}
