package billing

import (
	"encoding/json"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// A session is charged by the plan that it was accepted at, whatever came into force
// since, and one that was accepted without prices costs nothing.
func TestSessionsKeepTheirPrices(t *testing.T) {
	var s teller
	b := New()
	dear := DefaultPlan()
	dear.Version, dear.CPU.PerGfuel = "dear", decimal("50")
	done := func(session int) contracts.Event {
		return s.event(contracts.EventUnitCompleted, "acme", session, "u", contracts.UnitEnded{StopReason: "success", Node: "n", Fuel: 2_000_000_000})
	}
	feed(t, b,
		s.event(contracts.EventPricesChanged, "", 0, "", plan()),
		s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "100"}),
		s.event(contracts.EventSessionStarted, "acme", 1, "", contracts.SessionStarted{GraphCID: "g", RequestID: "r", Prices: "default-1"}),
		s.event(contracts.EventSessionStarted, "acme", 2, "", contracts.SessionStarted{GraphCID: "g", RequestID: "r"}),
		s.event(contracts.EventPricesChanged, "", 0, "", contracts.PricesChanged{Version: "dear", Plan: document(dear)}),
		done(1), done(2),
	)
	wantWallet(t, b, "acme", "98.000000", "0.000000", "2.000000")
	unknown := s.event(contracts.EventSessionStarted, "acme", 3, "", contracts.SessionStarted{GraphCID: "g", RequestID: "r", Prices: "never"})
	feed(t, b, unknown)
	e := done(3)
	if _, bad := b.Apply(&e, noon); bad == nil || bad.Code != contracts.CodeNotFound {
		t.Errorf("prices that never were: %+v", bad)
	}
	again := s.event(contracts.EventPricesChanged, "", 0, "", contracts.PricesChanged{Version: "dear", Plan: document(dear)})
	if _, bad := b.Apply(&again, again.Time.Time); bad == nil || bad.Code != contracts.CodeConflict {
		t.Errorf("a version twice: %+v", bad)
	}
}

// What runs again for a result that was superseded is not charged again, and what was
// reserved for it comes back; a model call costs no more than was reserved.
func TestCorrectionsCostNothing(t *testing.T) {
	var s teller
	b := New()
	done := func() contracts.Event {
		return s.event(contracts.EventUnitCompleted, "acme", 1, "u", contracts.UnitEnded{StopReason: "success", Node: "n", Fuel: 2_000_000_000})
	}
	feed(t, b,
		s.event(contracts.EventPricesChanged, "", 0, "", plan()),
		s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "100"}),
		done(),
		s.event(contracts.EventCreditsReserved, "acme", 1, "u", contracts.CreditsMoved{Amount: "7"}),
		done(),
		s.event(contracts.EventCreditsReserved, "acme", 1, "v", contracts.CreditsMoved{Amount: "0.0001"}),
		s.event(contracts.EventLLMCompleted, "acme", 1, "v", contracts.LLMEnded{Pod: "p", Tier: contracts.TierLarge, TokensIn: 1_000_000}),
		s.event(contracts.EventUnitCompleted, "acme", 1, "v", contracts.UnitEnded{StopReason: "success", Node: "p"}),
	)
	wantWallet(t, b, "acme", "97.999900", "0.000000", "2.000100")
	feed(t, b, s.event(contracts.EventSessionCompleted, "acme", 1, "", contracts.SessionEnded{StopReason: "success"}))
	late := s.event(contracts.EventUnitCompleted, "acme", 1, "w", contracts.UnitEnded{StopReason: "success", Node: "n", Fuel: 2_000_000_000})
	feed(t, b, late)
	wantWallet(t, b, "acme", "97.999900", "0.000000", "2.000100")
}

func document(p Plan) contracts.JSON {
	doc, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return doc
}

// A tenant pays once whatever it takes to be sure (ADR 0091): copies earn nothing,
// who was right earns in the liar's place, and what runs again because its input was
// wrong keeps its first charge. Every transaction sums to zero.
func TestChecksAreNobodysCharge(t *testing.T) {
	var s teller
	b := New()
	done := func(unit, node string) contracts.Event {
		return s.event(contracts.EventUnitCompleted, "acme", 1, unit, contracts.UnitEnded{StopReason: "success", Node: contracts.NodeID(node), Fuel: 1e9})
	}
	all := feed(t, b,
		s.event(contracts.EventPricesChanged, "", 0, "", plan()),
		s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "100"}),
		s.event(contracts.EventNodeApproved, "", 0, "", contracts.NodeInfo{Node: "judge", Kind: "node", Operator: "chemistry"}),
		done("a", "liar"), done("b", "honest"),
		s.event(contracts.EventReplicaCompared, "acme", 1, "a", nil),
		s.event(contracts.EventUnitSuperseded, "acme", 1, "a", contracts.UnitSuperseded{OldNode: "liar", Node: "judge", ResultCID: "right", OldResultCID: "wrong", Fuel: 1e9, Revision: 2}),
		done("b", "again"),
	)
	for i := range all {
		if all[i].Sum() != 0 {
			t.Errorf("%s sums to %s", all[i].ID, all[i].Sum())
		}
	}
	wantWallet(t, b, "acme", "98.000000", "0.000000", "2.000000")
	for operator, want := range map[string]string{"node:liar": "0.000000", "node:honest": "0.800000", "node:again": "0.000000", "chemistry": "0.800000"} {
		if got := b.Earned(operator).String(); got != want {
			t.Errorf("%s earned %s, want %s", operator, got, want)
		}
	}
	if len(all) != 5 {
		t.Errorf("%d transactions, not a grant, two charges, a reversal and a charge", len(all))
	}
}
