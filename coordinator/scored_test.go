package coordinator_test

import (
	"encoding/json"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/internal/p2p"
)

const fastClass = "0123456789abcdef/0123456789ab/fast/amd64+avx2"

// scoreAll has every answer scored that can be.
func scoreAll(c *coordinator.Config) { c.ScoreShare = 1 }

// scorer is a pod that scores, with a model of a class.
func scorer(class string, slots int) p2p.Hello {
	h := podHello(class, slots)
	h.Profiles = append(h.Profiles, p2p.ScoreProfile(contracts.ProfileLLM1))
	return h
}

// speaks answers a call as says does, with the tokens of the answer before it.
func (w *worker) speaks(u p2p.Unit, class, text string, tokens ...int) {
	w.t.Helper()
	w.send(&p2p.Tokens{Lease: u.Lease, Text: text, Tokens: tokens})
	w.send(w.seal(w.says(u, class, text)))
}

// TestAnswersAreScoredByTheTrustedZone: whatever the class, by a pod of the zone with
// the same weights and by nobody else; and what it finds is evidence and nothing more.
func TestAnswersAreScoredByTheTrustedZone(t *testing.T) {
	for name, c := range map[string]struct {
		found   p2p.Scored
		verdict string
		checks  contracts.ModelChecks
	}{
		"plausible":   {p2p.Scored{Positions: 2, Plausible: true, Sound: true}, "plausible", contracts.ModelChecks{Plausible: 1}},
		"implausible": {p2p.Scored{Positions: 2, Misses: 2, Sound: true}, "implausible", contracts.ModelChecks{Implausible: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			id, inZone := zone(t)
			f := startFabric(t, withPods, inZone, scoreAll)
			hello := podHello(fastClass, 1)
			hello.Tags = []string{"first"}
			first := f.connectWith(hello)
			g := calls()
			g.WorkUnits[0] = tagged(g.WorkUnits[0], "first")
			session := f.submit(g)
			u := first.take()
			first.speaks(u, fastClass, "yes", 7, 8)
			f.end(session) // nobody waits for the check
			// A stranger, and one of the zone with other weights: either may have work, and
			// neither this.
			f.connectWith(scorer(replayClass, 4)).send(&p2p.Credit{N: 4})
			referee := f.connectAsWith(id, scorer(replayClass, 1))
			order := referee.take()
			if s := order.Score; s == nil || s.Weights != "0123456789abcdef" || s.Text != "yes" || len(s.Tokens) != 2 || s.Tokens[1] != 8 {
				t.Fatalf("the referee is asked %+v", order.Score)
			}
			if string(order.Invocation) != string(u.Invocation) || order.Tenant != u.Tenant || order.Session == u.Session || !order.Last {
				t.Errorf("the order is %+v, the unit was %+v", order, u)
			}
			c.found.Lease = order.Lease
			referee.send(&c.found)
			var data contracts.TrustEvidence
			if err := json.Unmarshal(f.await(contracts.EventTrustEvidence, first).Data, &data); err != nil {
				t.Fatal(err)
			}
			if data.Kind != contracts.EvidenceScore || data.Node != first.node() || data.By != referee.node() || !data.Trusted || data.Verdict != c.verdict ||
				data.SessionID != session || data.UnitID != "a" || data.Class != fastClass || data.OtherCID != "" || data.Reason == "" {
				t.Errorf("recorded %+v", data)
			}
			trust, err := f.Trust(t.Context(), first.node())
			if err != nil {
				t.Fatal(err)
			}
			if trust.Evidence != 2 || trust.Convictions != 0 || trust.ModelChecks == nil || *trust.ModelChecks != c.checks {
				t.Errorf("of the pod is known %+v, checks %+v", trust, trust.ModelChecks)
			}
			if other, err := f.Trust(t.Context(), referee.node()); err != nil || other.ModelChecks != nil {
				t.Errorf("of the referee is known %+v, %v", other.ModelChecks, err)
			}
			f.stop()
			f.open(withPods, inZone, scoreAll)
			if again, err := f.Trust(t.Context(), first.node()); err != nil || again.ModelChecks == nil || *again.ModelChecks != c.checks || again.Reliability != trust.Reliability {
				t.Errorf("after a restart is known %+v, %v", again, err)
			}
		})
	}
}

// TestWhatCannotBeScoredIsNot: answers of weights that nobody can name, with a gap in
// their tokens, without any, cut by top_p, or of a pod of the zone.
func TestWhatCannotBeScoredIsNot(t *testing.T) {
	id, inZone := zone(t)
	f := startFabric(t, withPods, inZone, scoreAll)
	ask := func(w *worker, change func(*contracts.ModelCall), answer func(u p2p.Unit)) {
		t.Helper()
		g := calls()
		if change != nil {
			change(g.WorkUnits[0].Model)
		}
		session := f.submit(g)
		answer(w.take())
		f.end(session)
	}
	stranger, attached := f.pod(fastClass, 1), "attached/m"
	ask(stranger, nil, func(u p2p.Unit) { stranger.speaks(u, attached, "one", 7, 8) })
	ask(stranger, nil, func(u p2p.Unit) { stranger.send(stranger.seal(stranger.says(u, fastClass, "two"))) })
	ask(stranger, nil, func(u p2p.Unit) {
		stranger.send(&p2p.Tokens{Lease: u.Lease, Text: "th", Tokens: []int{7}})
		stranger.send(&p2p.Tokens{Lease: u.Lease, At: 2, Text: "ree", Tokens: []int{9}})
		stranger.send(stranger.seal(stranger.says(u, fastClass, "three")))
	})
	half := 0.5
	ask(stranger, func(m *contracts.ModelCall) { m.TopP = &half }, func(u p2p.Unit) { stranger.speaks(u, fastClass, "four", 7, 8) })
	ask(stranger, func(m *contracts.ModelCall) { m.Stop = []string{"x"} }, func(u p2p.Unit) { stranger.speaks(u, fastClass, "five", 7, 8) })
	stranger.host.Close()
	// What the pod of the zone is given first would be an order, if one waited.
	member := f.connectAsWith(id, scorer(fastClass, 1))
	for range 2 {
		ask(member, nil, func(u p2p.Unit) {
			if u.Score != nil {
				t.Errorf("an answer is to be scored: %+v", u.Score)
			}
			member.speaks(u, fastClass, "six", 7, 8)
		})
	}
}
