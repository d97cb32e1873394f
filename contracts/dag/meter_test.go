package dag_test

import (
	"math"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"pgregory.net/rapid"
)

// TestINV4NoBudgetRaised draws budgets and executions that reserve, end, lie
// about their use and come back, and checks after every step that what is spent
// and held stays within what was declared, and that a budget once exhausted is
// never granted again.
func TestINV4NoBudgetRaised(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fuel := rapid.Int64Range(0, 200).Draw(t, "max_fuel")
		units := rapid.Int64Range(0, 12).Draw(t, "max_cpu_units")
		m := dag.NewMeter(contracts.Budgets{MaxFuel: &fuel, MaxCPUUnits: &units})
		var held []uint64
		var inUse uint64
		exhausted := false
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if len(held) > 0 && rapid.Bool().Draw(t, "settle") {
				k := rapid.IntRange(0, len(held)-1).Draw(t, "which")
				reserved := held[k]
				held = append(held[:k], held[k+1:]...)
				inUse -= reserved
				used := rapid.Uint64Range(0, 2*reserved).Draw(t, "used")
				m.Settle(reserved, used)
			} else {
				ask := rapid.Uint64Range(1, 80).Draw(t, "ask")
				switch v := m.Check(ask); {
				case v == dag.Granted && exhausted && m.Executions() >= units:
					t.Fatal("executions were exhausted and are granted again")
				case v == dag.Granted:
					m.Reserve(ask)
					held = append(held, ask)
					inUse += ask
				case v == dag.Wait && len(held) == 0:
					t.Fatal("waits for reservations that nobody holds")
				case v == dag.Exhausted:
					exhausted = true
				}
			}
			if m.FuelUsed()+inUse > uint64(fuel) {
				t.Fatalf("%d used and %d held of %d fuel", m.FuelUsed(), inUse, fuel)
			}
			if m.Executions() > units {
				t.Fatalf("%d of %d executions", m.Executions(), units)
			}
		}
	})
}

func TestMeterWithoutBudgetsGrantsEverything(t *testing.T) {
	var m dag.Meter
	for range 3 {
		if v := m.Check(math.MaxInt64); v != dag.Granted {
			t.Fatalf("verdict %d", v)
		}
		m.Reserve(math.MaxInt64)
		m.Settle(math.MaxInt64, 5)
	}
	if m.FuelUsed() != 15 || m.Executions() != 3 {
		t.Errorf("%d fuel and %d executions", m.FuelUsed(), m.Executions())
	}
}

// TestMeterVerdicts tells what fits now, what may fit later and what never will.
func TestMeterVerdicts(t *testing.T) {
	ten, two := int64(10), int64(2)
	m := dag.NewMeter(contracts.Budgets{MaxFuel: &ten, MaxCPUUnits: &two})
	check := func(fuel uint64, want dag.Verdict) {
		t.Helper()
		if got := m.Check(fuel); got != want {
			t.Errorf("verdict on %d is %d, want %d", fuel, got, want)
		}
	}
	check(10, dag.Granted)
	check(11, dag.Exhausted)
	check(math.MaxInt64, dag.Exhausted)
	m.Reserve(8)
	check(2, dag.Granted)
	check(3, dag.Wait)
	m.Settle(8, 8)
	check(3, dag.Exhausted)
	m.Reserve(2)
	check(1, dag.Exhausted) // two executions are all there are
	none := int64(0)
	m = dag.NewMeter(contracts.Budgets{MaxCPUUnits: &none})
	check(1, dag.Exhausted)
}
