package coordinator_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/narrate"
	"github.com/krako-labs/krako/internal/p2p"
)

const (
	replayClass = "0123456789abcdef/0123456789ab/replay/amd64+avx2"
	otherClass  = "0123456789abcdef/0123456789ab/replay/amd64+avx512f"
)

func withPods(c *coordinator.Config) { c.Pods = true }

// checkAll has every answer checked that can be.
func checkAll(c *coordinator.Config) {
	c.Verify = coordinator.Open()
	c.Verify.AuditRate = 1
}

// pod joins as a pod with one model of a class.
func (f *fabric) pod(class string, slots int) *worker {
	f.t.Helper()
	return f.connectWith(podHello(class, slots))
}

func podHello(class string, slots int) p2p.Hello {
	return p2p.Hello{Kind: "pod", Profiles: []string{contracts.ProfileLLM1}, Slots: slots, Models: []p2p.Model{
		{Name: "m", Tier: contracts.TierSmall, Class: class, Context: 1024, Operation: contracts.Generate},
	}}
}

// says is a pod's answer to a call.
func (w *worker) says(u p2p.Unit, class, text string) answer {
	w.t.Helper()
	_, unit, err := contracts.DecodeModelInvocation(u.Invocation)
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := contracts.JSONOf(text)
	if err != nil {
		w.t.Fatal(err)
	}
	link := contracts.Link{Cid: dagcbor.RawCID(out)}
	r := contracts.ModelResult{
		Unit: contracts.Link{Cid: unit}, Outcome: contracts.Succeeded, Output: &link, MediaType: contracts.DefaultMediaType, OutputBytes: uint64(len(out)),
		Model: contracts.ModelUse{Model: "m", Class: class, TokensIn: 12, TokensOut: 3, Calls: 1},
	}
	block, err := r.Block()
	if err != nil {
		w.t.Fatal(err)
	}
	a := w.answer(u, &contracts.Result{Unit: r.Unit, Outcome: contracts.Failed, ErrorCode: contracts.CodeTrap}, out)
	a.result, a.item.ResultCID = block, contracts.Link{Cid: dagcbor.CID(block)}
	return a
}

func (w *worker) node() contracts.NodeID { return contracts.NodeID(w.id.ID()) }

// await reads the log as events until one is of a type and about a node.
func (f *fabric) await(kind contracts.EventType, about *worker) contracts.Event {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	var found *contracts.Event
	teller := narrate.New(f.db.Log(), f.db.Blocks(), func(e contracts.Event) {
		if found == nil && e.Type == kind && strings.Contains(string(e.Data), string(about.node())) {
			found = &e
		}
	})
	next := eventlog.Offset(1)
	for {
		err := f.db.Log().Read(ctx, next, func(r eventlog.Record) error {
			next = r.Offset + 1
			return teller.Take(ctx, r)
		})
		if err == nil && found == nil {
			err = f.db.Log().Wait(ctx, next)
		}
		if err != nil {
			f.t.Fatalf("no %s about %s: %v", kind, about.node(), err)
		}
		if found != nil {
			if err := found.Validate(); err != nil {
				f.t.Error(err)
			}
			return *found
		}
	}
}

func calls() *contracts.TaskGraph {
	g := graph(unit("a", `{}`))
	llm(g)
	return g
}

// TestAnswersAreCheckedInTheirClass has a second pod of the class answer again, as
// somebody else's session, and records what that says of both.
func TestAnswersAreCheckedInTheirClass(t *testing.T) {
	for name, c := range map[string]struct{ text, verdict string }{
		"the same": {"yes", "same"},
		"another":  {"no", "different"},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFabric(t, withPods, checkAll)
			first := f.pod(replayClass, 1)
			id := f.submit(calls())
			u := first.take()
			first.send(first.seal(first.says(u, replayClass, "yes")))
			r := f.end(id) // nobody waits for the check
			f.pod(otherClass, 4).send(&p2p.Credit{N: 4})
			second := f.pod(replayClass, 1)
			again := second.take()
			if string(again.Invocation) != string(u.Invocation) || again.Tenant != u.Tenant || again.Session == u.Session || !again.Last || again.Attempt != 1 || again.Allow == nil {
				t.Errorf("the second pod is asked %+v, the first was %+v", again, u)
			}
			second.send(second.seal(second.says(again, replayClass, c.text)))
			e := f.await(contracts.EventTrustEvidence, first)
			var data contracts.TrustEvidence
			if err := json.Unmarshal(e.Data, &data); err != nil {
				t.Fatal(err)
			}
			if data.Node != first.node() || data.By != second.node() || data.Verdict != c.verdict || data.Class != replayClass || data.SessionID != id ||
				data.UnitID != "a" || data.Kind != contracts.EvidenceReplay || (data.ResultCID == data.OtherCID) != (c.text == "yes") {
				t.Errorf("recorded %+v", data)
			}
			trust, err := f.Trust(t.Context(), first.node())
			if err != nil {
				t.Fatal(err)
			}
			// One answer, and one comparison: what differs is no conviction.
			if trust.Evidence != 2 || trust.Convictions != 0 || trust.Standing == "banned" {
				t.Errorf("of the first is known %+v", trust)
			}
			if got := r.Telemetry.Tasks[0].Executors; !slices.Equal(got, []contracts.NodeID{first.node()}) {
				t.Errorf("executors are %v", got)
			}
		})
	}
}

// TestWhatCannotBeComparedIsNotChecked: answers of an attached server, and of a pod
// of the trusted zone.
func TestWhatCannotBeComparedIsNotChecked(t *testing.T) {
	f := startFabric(t, withPods, checkAll)
	ask := func(class, text string) {
		w := f.pod(class, 1)
		id := f.submit(calls())
		w.send(w.seal(w.says(w.take(), class, text)))
		f.end(id)
		w.host.Close()
	}
	ask("attached/m", "one")
	ask("0123456789abcdef/0123456789ab/fast/amd64+avx2", "two")
	ask("0123456789abcdef/0123456789ab/replay/amd64+gpu", "three")
	// What the next pod is given first would be a check, if one waited.
	for _, class := range []string{"attached/m", "0123456789abcdef/0123456789ab/fast/amd64+avx2", "0123456789abcdef/0123456789ab/replay/amd64+gpu"} {
		w := f.pod(class, 1)
		g := calls()
		g.WorkUnits[0].Model.Prompt = "something else"
		id := f.submit(g)
		u := w.take()
		if inv, _, err := contracts.DecodeModelInvocation(u.Invocation); err != nil || inv.Prompt != "something else" {
			t.Errorf("%s: a call was checked: %+v, %v", class, inv, err)
		}
		w.send(w.seal(w.says(u, class, "four")))
		f.end(id)
		w.host.Close()
	}
}

// TestPodsAreDegradedAndReadyAgain tells each once, whatever their heartbeats repeat.
func TestPodsAreDegradedAndReadyAgain(t *testing.T) {
	f := startFabric(t, withPods)
	w := f.pod(replayClass, 2)
	f.await(contracts.EventPodReady, w)
	ail := func(paused, degraded string) {
		w.mu.Lock()
		w.why, w.ails = paused, degraded
		w.mu.Unlock()
		w.send(&p2p.Heartbeat{Pause: paused, Degraded: degraded})
	}
	ail("", "model b is being started")
	e := f.await(contracts.EventPodDegraded, w)
	var info contracts.NodeInfo
	if err := json.Unmarshal(e.Data, &info); err != nil || info.Reason != "model b is being started" || info.Slots != 2 {
		t.Errorf("told %+v, %v", info, err)
	}
	ail("no model is ready", "")
	ail("", "")
	w.stream.Close(nil)
	f.await(contracts.EventPodUnavailable, w)
	var order []contracts.EventType
	teller := narrate.New(f.db.Log(), f.db.Blocks(), func(e contracts.Event) {
		if strings.HasPrefix(string(e.Type), "pod.") {
			order = append(order, e.Type)
		}
	})
	if err := f.db.Log().Read(t.Context(), 1, func(r eventlog.Record) error { return teller.Take(t.Context(), r) }); err != nil {
		t.Fatal(err)
	}
	want := []contracts.EventType{contracts.EventPodReady, contracts.EventPodDegraded, contracts.EventPodReady, contracts.EventPodUnavailable}
	if !slices.Equal(order, want) {
		t.Errorf("told %v, want %v", order, want)
	}
}

// TestExplainOfModelCalls shows the pods, which of them has the session, and the
// queue.
func TestExplainOfModelCalls(t *testing.T) {
	f := startFabric(t, withPods)
	g := graph(unit("a", `{}`), unit("b", `{}`, "a"), unit("c", `{}`, "a"))
	for i := range g.WorkUnits {
		g.WorkUnits[i] = contracts.WorkUnit{ID: g.WorkUnits[i].ID, Type: contracts.LLM, Dependencies: g.WorkUnits[i].Dependencies, Model: &contracts.ModelCall{
			Operation: contracts.Generate, Tier: contracts.TierSmall, Prompt: "hello", FreeText: true,
		}}
	}
	id := f.submit(g)
	first, cpu := f.pod(replayClass, 2), f.connect()
	f.await(contracts.EventPodReady, first)
	f.await(contracts.EventNodeRegistered, cpu)
	explain := func(unit contracts.UnitID) (contracts.UnitPlacement, map[contracts.NodeID]contracts.PlacementCandidate) {
		t.Helper()
		v, err := f.Explain(t.Context(), id, unit)
		if err != nil {
			t.Fatal(err)
		}
		of := map[contracts.NodeID]contracts.PlacementCandidate{}
		for _, k := range v.Candidates {
			of[k.NodeID] = k
		}
		return v, of
	}
	v, of := explain("a")
	if v.Eligible != 0 || v.Total != 2 || of[cpu.node()].Verdict != "wrong_substrate" || of[first.node()].Verdict != "no_free_credits" || of[first.node()].Continues {
		t.Errorf("before anybody asks for work: %+v", v)
	}
	u := first.take()
	first.send(first.seal(first.says(u, replayClass, "yes")))
	f.waitReady(id, "c")
	second := f.pod(otherClass, 2)
	f.await(contracts.EventPodReady, second)
	v, of = explain("c")
	if v.State != contracts.UnitReady || v.Ahead != 1 || !of[first.node()].Continues || of[second.node()].Continues ||
		of[first.node()].Locality != 1 || of[second.node()].Locality != 0 {
		t.Errorf("with the session at the first pod: %+v", v)
	}
	if _, _ = explain("b"); v.Reason != "no connected worker can take it now" {
		t.Errorf("it waits because %q", v.Reason)
	}
	for range 2 {
		first.send(first.seal(first.says(first.take(), replayClass, "yes")))
	}
	f.end(id)
}

// waitReady returns when a unit is ready.
func (f *fabric) waitReady(id contracts.SessionID, unit contracts.UnitID) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	err := f.Events(ctx, id, "", func(e contracts.Event) error {
		if e.Type == contracts.EventUnitReady && e.Subject == string(unit) {
			return errSeen
		}
		return nil
	})
	if err != errSeen {
		f.t.Fatalf("unit %s is not ready: %v", unit, err)
	}
}

var errSeen = contracts.Errorf(contracts.CodeCancelled, "", "seen")
