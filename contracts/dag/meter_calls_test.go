package dag_test

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"pgregory.net/rapid"
)

func TestCallBudgets(t *testing.T) {
	hundred, three := int64(100), int64(3)
	m := dag.NewMeter(contracts.Budgets{MaxTokens: &hundred, MaxLLMCalls: &three})
	check := func(tokens int64, want dag.Verdict, calls int64) dag.Calls {
		t.Helper()
		g, v := m.CheckCalls(tokens, 2)
		if v != want || g.Calls != calls {
			t.Errorf("verdict on %d tokens is %d with %d calls, want %d with %d", tokens, v, g.Calls, want, calls)
		}
		return g
	}
	check(101, dag.Exhausted, 0)
	first := check(60, dag.Granted, 2)
	m.ReserveCalls(first)
	check(50, dag.Wait, 0)
	second := check(40, dag.Granted, 1) // three calls are all there are
	m.ReserveCalls(second)
	check(0, dag.Wait, 0)
	m.SettleCalls(first, dag.Calls{Tokens: 30, Calls: 1})
	check(30, dag.Granted, 1)
	m.SettleCalls(second, dag.Calls{}) // it was lost
	check(70, dag.Granted, 2)
	check(71, dag.Exhausted, 0)
	if u := m.CallsUsed(); u != (dag.Calls{Tokens: 30, Calls: 1}) {
		t.Errorf("used %+v", u)
	}
	m.LimitCalls(1)
	check(1, dag.Exhausted, 0)
}

// TestINV4NoCallBudgetRaised draws reservations that end, lie about their use and
// come back.
func TestINV4NoCallBudgetRaised(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.Int64Range(0, 200).Draw(t, "max_tokens")
		calls := rapid.Int64Range(0, 9).Draw(t, "max_calls")
		m := dag.NewMeter(contracts.Budgets{MaxTokens: &tokens, MaxLLMCalls: &calls})
		var held []dag.Calls
		var out dag.Calls
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if len(held) > 0 && rapid.Bool().Draw(t, "settle") {
				g := held[0]
				held = held[1:]
				out.Tokens, out.Calls = out.Tokens-g.Tokens, out.Calls-g.Calls
				m.SettleCalls(g, dag.Calls{Tokens: rapid.Int64Range(0, 2*g.Tokens+1).Draw(t, "used"), Calls: rapid.Int64Range(0, 3).Draw(t, "calls")})
			} else if g, v := m.CheckCalls(rapid.Int64Range(1, 80).Draw(t, "ask"), rapid.Int64Range(1, 2).Draw(t, "repair")); v == dag.Granted {
				m.ReserveCalls(g)
				held = append(held, g)
				out.Tokens, out.Calls = out.Tokens+g.Tokens, out.Calls+g.Calls
			} else if v == dag.Wait && len(held) == 0 {
				t.Fatal("waits for reservations that nobody holds")
			}
			if u := m.CallsUsed(); u.Tokens+out.Tokens > tokens || u.Calls+out.Calls > calls {
				t.Fatalf("%+v used and %+v held of %d tokens and %d calls", u, out, tokens, calls)
			}
		}
	})
}
