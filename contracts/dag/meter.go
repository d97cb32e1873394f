package dag

import "github.com/krako-labs/krako/contracts"

// Meter holds a session's budgets. What is spent plus what is reserved never
// exceeds a declared budget. The zero value is unlimited.
type Meter struct {
	budgets    contracts.Budgets
	executions int64
	fuelUsed   uint64
	fuelHeld   uint64
	inFlight   int
	calls      callMeter
}

// NewMeter returns a meter of b with nothing spent.
func NewMeter(b contracts.Budgets) Meter {
	return Meter{budgets: b, calls: callMeter{maxTokens: b.MaxTokens, maxCalls: b.MaxLLMCalls}}
}

// Verdict is the answer to a reservation.
type Verdict int

// The verdicts. Wait means that reservations in flight may give back enough.
const (
	Granted Verdict = iota
	Wait
	Exhausted
)

// Check says whether one more execution with the given fuel limit fits.
func (m *Meter) Check(fuel uint64) Verdict {
	if b := m.budgets.MaxCPUUnits; b != nil && m.executions >= *b {
		return Exhausted
	}
	if b := m.budgets.MaxFuel; b != nil && m.fuelUsed+m.fuelHeld+fuel > uint64(*b) {
		if m.inFlight > 0 {
			return Wait
		}
		return Exhausted
	}
	return Granted
}

// Reserve books one execution that Check granted.
func (m *Meter) Reserve(fuel uint64) {
	m.executions++
	m.inFlight++
	m.fuelHeld += fuel
}

// Settle ends an execution that reserved some fuel and used no more.
func (m *Meter) Settle(reserved, used uint64) {
	m.inFlight--
	m.fuelHeld -= reserved
	m.fuelUsed += min(used, reserved)
}

// FuelUsed returns the fuel of all settled executions.
func (m *Meter) FuelUsed() uint64 { return m.fuelUsed }

// Executions returns how many executions were granted.
func (m *Meter) Executions() int64 { return m.executions }
