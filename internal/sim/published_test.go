package sim

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/coordinator/verify"
)

// long is set for the tests' long form.
var long = os.Getenv("KRAKO_LONG") != ""

// row is one line of a table that the study of these policies published. want
// fields below zero are not compared; zero errors must be zero.
type row struct {
	name, spec                         string
	overhead, released, final, perLiar float64
}

const unpublished = -1

// The study's acceptance table: 100 nodes, 2,000 units each.
var table2000 = []row{
	{"nobody lies", `{}`, 1.0627, 0, 0, unpublished},
	{"constant 0.01", `{"saboteur_share":0.1,"attack":{"kind":"constant","rate":0.01}}`, 1.0849, 2.8e-4, 6.9e-5, 5.6},
	{"sleeper", `{"saboteur_share":0.1,"attack":{"kind":"sleeper","after":500,"rate":1}}`, 1.0871, 6.1e-4, 0, 12.3},
	{"blind ring", `{"saboteur_share":0.1,"attack":{"kind":"blind_ring","rate":0.01}}`, 1.0810, 3.1e-4, 1.4e-4, 6.3},
	{"flaky", `{"attack":{"kind":"flaky","rate":0.0001}}`, 1.0712, 9.5e-5, 9.2e-5, unpublished},
	{"spot check", `{"saboteur_share":0.1,"attack":{"kind":"constant","rate":0.01},"policy":{"kind":"spot_check","rate":0.1}}`, 1.124, 4.5e-4, 1.6e-4, 9.0},
	{"finality after 41", `{"saboteur_share":0.1,"attack":{"kind":"constant","rate":0.01},"policy":{"kind":"kv1","finality_checks":41}}`, 1.0743, 2.8e-4, 1.6e-4, 5.6},
	{"theta 1e-4", `{"saboteur_share":0.1,"attack":{"kind":"constant","rate":0.01},"policy":{"kind":"kv1","theta":0.0001}}`, 1.1659, unpublished, unpublished, unpublished},
}

// TestPublishedTable compares with the study: overhead within 0.012, errors
// within a factor of 1.6. With fewer seeds it allows more, and any less of final
// errors: they are few there, and come in clusters. One conviction more of a flaky
// node has a hundredth of all units run again.
func TestPublishedTable(t *testing.T) {
	seeds, factor, cost := `,"seeds":[1,2,3,4]}`, 2.5, 0.016
	switch {
	case long:
		seeds, factor, cost = `}`, 1.6, 0.012
	case testing.Short():
		seeds, factor, cost = `,"seeds":[1]}`, 4, 0.024
	}
	for _, c := range table2000 {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			spec := strings.Replace(strings.TrimSuffix(c.spec, "}")+seeds, "{,", "{", 1)
			check(t, c, simulate(t, spec), factor, cost)
		})
	}
}

// TestFinalErrorIsZero is the study's promise at ten thousand units a node: not
// one wrong result stays in five million, whoever lies at one in a hundred or
// more, sleeps, or lies in a ring; nobody honest is cast out; and what it costs.
func TestFinalErrorIsZero(t *testing.T) {
	if !long {
		t.Skip("a minute of CPU per attack; scripts/nightly runs it")
	}
	for name, c := range map[string]struct {
		attack   string
		overhead float64
	}{
		"constant 0.01": {`{"kind":"constant","rate":0.01}`, 1.07},
		"constant 0.1":  {`{"kind":"constant","rate":0.1}`, 1.07},
		"constant 1":    {`{"kind":"constant","rate":1}`, 1.07},
		"sleeper":       {`{"kind":"sleeper","after":5000,"rate":1}`, 1.11},
		"blind ring":    {`{"kind":"blind_ring","rate":0.01}`, 1.07},
		"careful ring":  {`{"kind":"careful_ring","rate":1}`, 1.07},
	} {
		t.Run(name, func(t *testing.T) {
			r := simulate(t, `{"saboteur_share":0.1,"units_per_node":10000,"seeds":[1,2,3,4,5],"attack":`+c.attack+`}`)
			if r.FinalError != 0 || r.HonestBans != 0 || r.Overhead > c.overhead || r.ReleasedError > 2e-4 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestFinalErrorOfTheCoordinator is the same for the span over which the coordinator
// reaches back, in runs that are longer than that.
func TestFinalErrorOfTheCoordinator(t *testing.T) {
	if !long {
		t.Skip("half a minute of CPU per attack; scripts/nightly runs it")
	}
	for name, attack := range map[string]string{
		"constant": `{"kind":"constant","rate":0.01}`, "blind ring": `{"kind":"blind_ring","rate":0.01}`, "sleeper": `{"kind":"sleeper","after":15000,"rate":0.01}`,
	} {
		t.Run(name, func(t *testing.T) {
			spec := fmt.Sprintf(`{"saboteur_share":0.1,"units_per_node":30000,"seeds":[1,2,3,4,5],"policy":{"kind":"kv1","finality_checks":%d},"attack":%s}`, verify.DefaultPolicy().FinalityChecks, attack)
			r := simulate(t, spec)
			t.Logf("%+v", r)
			if r.FinalError != 0 || r.HonestBans != 0 || r.Overhead > 1.11 || r.ReleasedError > 2e-4 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestHighClass holds what two operators must agree on to its promise: not one wrong
// result is used in two and a half million, for little more than twice the work.
func TestHighClass(t *testing.T) {
	if !long {
		t.Skip("half a minute of CPU per attack; scripts/nightly runs it")
	}
	for name, attack := range map[string]string{
		"constant 0.1": `{"kind":"constant","rate":0.1}`, "blind ring 0.01": `{"kind":"blind_ring","rate":0.01}`, "blind ring 1": `{"kind":"blind_ring","rate":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := simulate(t, `{"saboteur_share":0.1,"units_per_node":5000,"seeds":[1,2,3,4,5],"policy":{"kind":"kv1","theta":0.000001},"attack":`+attack+`}`)
			t.Logf("%+v", r)
			if r.FinalError != 0 || r.ReleasedError > 1e-6 || r.HonestBans != 0 || r.Overhead > 2.05 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func check(t *testing.T, c row, r Result, factor, cost float64) {
	t.Helper()
	t.Logf("%+v", r)
	if math.Abs(r.Overhead-c.overhead) > cost {
		t.Errorf("overhead is %.4f, published %.4f", r.Overhead, c.overhead)
	}
	for what, v := range map[string][2]float64{"released": {r.ReleasedError, c.released}, "final": {r.FinalError, c.final}, "per liar": {r.BadPerIdentityMean, c.perLiar}} {
		got, want := v[0], v[1]
		switch {
		case want == unpublished:
		case want == 0 && got != 0:
			t.Errorf("%s error is %.2g, published 0", what, got)
		case want > 0 && (got > want*factor || got < want/factor && (long || what != "final")):
			t.Errorf("%s error is %.3g, published %.3g", what, got, want)
		}
	}
}

// Two votes: what independent liars, rings that see both copies, and rings that
// agreed beforehand can do; and BOINC's rule.
func TestOtherPolicies(t *testing.T) {
	for _, c := range []struct {
		name, spec         string
		overhead, released float64
	}{
		{"two votes, liars alone", `{"attack":{"kind":"constant","rate":0.1},"policy":{"kind":"vote","k":2}`, 2.02, 0},
		{"two votes side by side, careful ring: f²", `{"attack":{"kind":"careful_ring","rate":1},"policy":{"kind":"vote","k":2,"parallel":true}`, 2.00, 9.5e-3},
		{"two votes in turn, careful ring", `{"attack":{"kind":"careful_ring","rate":1},"policy":{"kind":"vote","k":2}`, 2.00, 0},
		{"two votes, blind ring", `{"attack":{"kind":"blind_ring","rate":1},"policy":{"kind":"vote","k":2}`, 2.18, 2.7e-2},
		{"three votes, blind ring", `{"attack":{"kind":"blind_ring","rate":1},"policy":{"kind":"vote","k":3}`, 3.32, 7.7e-3},
		{"BOINC", `{"units_per_node":5000,"attack":{"kind":"constant","rate":0.1},"policy":{"kind":"boinc"}`, 1.032, 8.1e-3},
		{"BOINC, rare lies", `{"units_per_node":5000,"attack":{"kind":"constant","rate":0.01},"policy":{"kind":"boinc"}`, 1.015, 9.7e-4},
		{"nothing", `{"attack":{"kind":"constant","rate":0.1},"policy":{"kind":"none"}`, 1.00, 1e-2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			seeds := `"seeds":[1,2]`
			if testing.Short() {
				seeds = `"seeds":[2]`
			}
			r := simulate(t, c.spec+`,"saboteur_share":0.1,`+seeds+`}`)
			if math.Abs(r.Overhead-c.overhead) > 0.03 {
				t.Errorf("overhead is %.3f, published %.3f", r.Overhead, c.overhead)
			}
			if c.released == 0 && r.ReleasedError != 0 || r.ReleasedError > c.released*1.6 || r.ReleasedError < c.released/1.6 {
				t.Errorf("released error is %.3g, published %.3g", r.ReleasedError, c.released)
			}
		})
	}
}

func simulate(t *testing.T, spec string) Result {
	t.Helper()
	s, err := ReadSpec(strings.NewReader(spec))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	return Run(s, func() float64 { return time.Since(began).Seconds() })
}
