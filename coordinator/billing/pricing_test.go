package billing

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// TestPricesAgreeWithPython holds prices and shares against those of an independent
// decimal implementation: halves of a millionth, less than that, 10¹² tokens, and
// amounts that no account can hold. testdata/pricing.py writes the table.
func TestPricesAgreeWithPython(t *testing.T) {
	doc, err := os.ReadFile("testdata/pricing.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct{ CPU, LLM, Part [][]json.RawMessage }
	if err := json.Unmarshal(doc, &table); err != nil || len(table.CPU) < 800 || len(table.LLM) < 800 || len(table.Part) < 800 {
		t.Fatalf("the table has %d, %d and %d rows (%v)", len(table.CPU), len(table.LLM), len(table.Part), err)
	}
	check := func(what string, row []json.RawMessage, got Amount, err error) {
		t.Helper()
		var want *string
		if bad := json.Unmarshal(row[len(row)-1], &want); bad != nil {
			t.Fatal(bad)
		}
		switch {
		case want == nil && err == nil:
			t.Errorf("%s %s is %s, want an error", what, row, got)
		case want != nil && (err != nil || got.String() != *want):
			t.Errorf("%s %s is %s (%v)", what, row, got, err)
		}
	}
	for _, row := range table.CPU {
		p := DefaultPlan()
		p.CPU = CPUPrices{PerGfuel: decimal(text(t, row[1])), Minimum: decimal(text(t, row[3])), Classes: map[string]Decimal{"x": decimal(text(t, row[2]))}}
		got, err := p.cpu(number[uint64](t, row[0]), "x")
		check("fuel", row, got, err)
	}
	for _, row := range table.LLM {
		p := DefaultPlan()
		p.LLM[contracts.TierSmall] = TokenPrices{decimal(text(t, row[2])), decimal(text(t, row[3]))}
		got, err := p.tokens(contracts.TierSmall, number[int64](t, row[0]), number[int64](t, row[1]))
		check("tokens", row, got, err)
	}
	for _, row := range table.Part {
		a, err := ParseAmount(text(t, row[0]))
		if err != nil {
			t.Fatal(err)
		}
		share := decimal(text(t, row[1]))
		got, err := part(a, &share)
		check("part", row, got, err)
	}
}

func text(t *testing.T, raw json.RawMessage) (s string) {
	t.Helper()
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func number[N int64 | uint64](t *testing.T, raw json.RawMessage) (n N) {
	t.Helper()
	if err := json.Unmarshal(raw, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
