package dag

// Calls is an amount of model use, reserved or used.
type Calls struct {
	Tokens int64 `json:"tokens"`
	Calls  int64 `json:"calls"`
}

// callMeter holds a session's budgets of model use.
type callMeter struct {
	maxTokens, maxCalls *int64
	used, held          Calls
	inFlight            int
}

// LimitCalls lowers the bound of model calls: a policy counts beside the budget.
func (m *Meter) LimitCalls(most int64) {
	if c := &m.calls; c.maxCalls == nil || most < *c.maxCalls {
		c.maxCalls = &most
	}
}

// CheckCalls says whether one more unit fits that asks a model and may take so
// many tokens, in up to so many calls. What it may take is in the answer: at
// least one call.
func (m *Meter) CheckCalls(tokens, calls int64) (Calls, Verdict) {
	c := &m.calls
	grant := Calls{Tokens: tokens, Calls: calls}
	if c.maxCalls != nil {
		grant.Calls = min(calls, *c.maxCalls-c.used.Calls-c.held.Calls)
	}
	if grant.Calls >= 1 && (c.maxTokens == nil || c.used.Tokens+c.held.Tokens+tokens <= *c.maxTokens) {
		return grant, Granted
	}
	if c.inFlight > 0 {
		return Calls{}, Wait
	}
	return Calls{}, Exhausted
}

// ReserveCalls books what CheckCalls granted.
func (m *Meter) ReserveCalls(g Calls) {
	m.calls.inFlight++
	m.calls.held.Tokens += g.Tokens
	m.calls.held.Calls += g.Calls
}

// SettleCalls ends a reservation of which so much was used, no more than there
// was. A unit that was lost or failed has used nothing: it is charged for once,
// when it has a result.
func (m *Meter) SettleCalls(g, used Calls) {
	c := &m.calls
	c.inFlight--
	c.held.Tokens -= g.Tokens
	c.held.Calls -= g.Calls
	c.used.Tokens += min(used.Tokens, g.Tokens)
	c.used.Calls += min(used.Calls, g.Calls)
}

// CallsUsed returns what all settled units have used.
func (m *Meter) CallsUsed() Calls { return m.calls.used }
