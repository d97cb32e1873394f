package sandbox_test

import (
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
)

func TestConforms(t *testing.T) {
	const fuel, pages = 1000, 4
	good := sandbox.Outcome{Output: []byte("{}"), MediaType: "application/json", FuelUsed: fuel, MemoryPages: pages}
	for _, c := range []struct {
		name, mentions string
		change         func(*sandbox.Outcome)
	}{
		{"success", "", func(*sandbox.Outcome) {}},
		{"empty output", "", func(o *sandbox.Outcome) { o.Output = nil }},
		{"failure", "", func(o *sandbox.Outcome) { *o = sandbox.Outcome{Code: contracts.CodeTrap} }},
		{"exhausted", "", func(o *sandbox.Outcome) { *o = sandbox.Outcome{Code: contracts.CodeOutOfFuel, FuelUsed: fuel} }},
		{"too much fuel", "fuel", func(o *sandbox.Outcome) { o.FuelUsed++ }},
		{"exhausted early", "fuel", func(o *sandbox.Outcome) { *o = sandbox.Outcome{Code: contracts.CodeOutOfFuel, FuelUsed: 1} }},
		{"too much memory", "pages", func(o *sandbox.Outcome) { o.MemoryPages++ }},
		{"no outcome", "TIMEOUT", func(o *sandbox.Outcome) { *o = sandbox.Outcome{Code: contracts.CodeTimeout} }},
		{"output of a failure", "failure", func(o *sandbox.Outcome) { o.Code = contracts.CodeTrap }},
		{"no media type", "output", func(o *sandbox.Outcome) { o.MediaType = "" }},
		{"bad media type", "output", func(o *sandbox.Outcome) { o.MediaType = "text/\xff" }},
		{"too long", "output", func(o *sandbox.Outcome) { o.Output = make([]byte, sandbox.DefaultMaxOutput+1) }},
	} {
		o := good
		c.change(&o)
		if got := o.Conforms(fuel, pages); (got == "") != (c.mentions == "") || !strings.Contains(got, c.mentions) {
			t.Errorf("%s: %q, want to be told of %q", c.name, got, c.mentions)
		}
	}
}

// TestOutcomesConform holds real outcomes against the check.
func TestOutcomesConform(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	m := admit(t, s, probe(t))
	for _, entry := range []string{"echo", "exit", "panic", "bomb", "flood", "recurse", "unknown"} {
		j := job(m, entry, `[1]`)
		j.Fuel, j.MemoryPages = 10_000_000_000, 64
		o := run(t, s, j)
		if why := o.Conforms(j.Fuel, j.MemoryPages); why != "" {
			t.Errorf("%s: %s", entry, why)
		}
		j.Fuel = 1000
		if o = run(t, s, j); o.Conforms(j.Fuel, j.MemoryPages) != "" {
			t.Errorf("%s with little fuel: %+v", entry, o)
		}
	}
}
