package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cluster"
)

// openPool runs a pool that anybody may join, with one node in the trusted zone,
// and gives it honest strangers.
func openPool(t *testing.T, strangers int, coord ...string) *fabric {
	t.Helper()
	f := startWith(t, cluster.Options{Nodes: 1, Coord: append([]string{"--heartbeat=250ms", "--lease=2s", "--pool=open"}, coord...)})
	for i := range strangers {
		f.rogue(fmt.Sprintf(`{"seed":%d}`, i))
	}
	return f
}

// units is a graph of n units that each count a text of their own.
func unitsOf(t *testing.T, n int) string {
	t.Helper()
	doc := noopDocument(t)
	first := doc["work_units"].([]any)[0].(map[string]any)
	var all []any
	for i := range n {
		u := map[string]any{}
		for k, v := range first {
			u[k] = v
		}
		u["id"], u["input"] = fmt.Sprintf("u%d", i), map[string]any{"n": i}
		all = append(all, u)
	}
	doc["work_units"] = all
	doc["outputs"] = map[string]any{"final": []any{map[string]any{"work_unit_id": fmt.Sprintf("u%d", n-1)}}}
	return write(t, doc)
}

// conduct waits until what is known of some node satisfies ok.
func (f *fabric) conduct(what string, ok func(contracts.NodeTrust) bool) contracts.NodeTrust {
	f.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := f.Nodes(f.ctx)
		if err != nil {
			f.t.Fatal(err)
		}
		for _, n := range list.Nodes {
			if v, err := f.Trust(f.ctx, n.NodeID); err == nil && ok(v) {
				return v
			}
		}
		select {
		case <-tick.C:
		case <-f.ctx.Done():
			f.t.Fatalf("no node ever was %s", what)
		}
	}
}

// TestALiarAmongSixIsCaught has four honest strangers, one that lies in every
// tenth unit, and one node of the trusted zone. The report is that of an honest
// run, the liar is convicted and loses what it had, and nobody else is accused.
func TestALiarAmongSixIsCaught(t *testing.T) {
	f := openPool(t, 4)
	f.rogue(`{"seed":9,"rates":{"lie":0.1}}`)
	f.awaitNodes(6)
	f.report(func() {})
	out := filepath.Join(t.TempDir(), "answer.json")
	for range 20 { // the report alone may give the liar too little to lie about
		f.krako("run", unitsOf(t, 40), "--out", out)
		if v, ok := f.convicted(); ok {
			f.t.Logf("caught: %+v", v)
			break
		}
	}
	liar := f.conduct("proved wrong", func(v contracts.NodeTrust) bool { return v.Convictions > 0 })
	if liar.Standing == "member" && liar.Checks > 1000 {
		t.Errorf("the liar is believed: %+v", liar)
	}
	list, err := f.Nodes(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list.Nodes {
		if v, err := f.Trust(f.ctx, n.NodeID); err != nil || v.Convictions > 0 && v.NodeID != liar.NodeID {
			t.Errorf("an honest node is accused: %+v (%v)", v, err)
		}
	}
	sessions, err := f.Sessions(f.ctx, "", 50)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sessions.Sessions {
		if text, code := f.try("replay", string(s.SessionID)); code != 0 {
			t.Errorf("session %s is not what this machine computes:\n%s", s.SessionID, text)
		}
	}
}

func (f *fabric) convicted() (contracts.NodeTrust, bool) {
	list, err := f.Nodes(f.ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, n := range list.Nodes {
		if v, err := f.Trust(f.ctx, n.NodeID); err == nil && v.Convictions > 0 {
			return v, true
		}
	}
	return contracts.NodeTrust{}, false
}

// TestAnEquivocatorIsBanned has a node sign two results under one lease. It is
// banned by the signatures alone, and the proof holds without the coordinator.
func TestAnEquivocatorIsBanned(t *testing.T) {
	f := openPool(t, 0)
	f.rogue(`{"seed":4,"rates":{"equivocate":1}}`)
	f.awaitNodes(2)
	over, ran := make(chan struct{}), make(chan struct{})
	defer func() { close(over); <-ran }() // it must not outlive the test
	go func() {
		defer close(ran)
		for range 50 {
			select {
			case <-over:
				return
			default:
				f.try("run", unitsOf(t, 20), "--out", os.DevNull)
			}
		}
	}()
	v := f.conduct("banned", func(v contracts.NodeTrust) bool { return v.Standing == "banned" })
	sessions, err := f.Sessions(f.ctx, "", 50)
	if err != nil || len(sessions.Sessions) == 0 {
		t.Fatalf("sessions %+v (%v)", sessions, err)
	}
	began := sessions.Sessions[len(sessions.Sessions)-1].StartedAt // the first, whose first unit it equivocates about
	t.Logf("banned %s after the first graph was accepted", v.History[len(v.History)-1].At.Sub(began.Time))
	data, err := f.GetBlock(f.ctx, v.Proof.Cid)
	if err != nil {
		t.Fatal(err)
	}
	proof := filepath.Join(t.TempDir(), "proof")
	if err := os.WriteFile(proof, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if text := f.krako("verify", proof); !strings.Contains(text, string(v.NodeID)) {
		t.Errorf("the proof says:\n%s", text)
	}
	if text := f.krako("trust", string(v.NodeID)); !strings.Contains(text, "banned") || !bytes.Contains([]byte(text), []byte(v.Proof.String())) {
		t.Errorf("krako trust says:\n%s", text)
	}
}

// TestNobodyWorksUnapproved has a stranger wait until it is let in.
func TestNobodyWorksUnapproved(t *testing.T) {
	f := start(t, 0, "--approval")
	f.rogue(`{"seed":1}`)
	f.awaitNodes(1)
	v := f.conduct("registered", func(v contracts.NodeTrust) bool { return v.State == "registered" })
	out := filepath.Join(t.TempDir(), "answer.json")
	ran := make(chan string, 1)
	go func() { text, _ := f.try("run", write(t, noopDocument(t)), "--out", out); ran <- text }()
	f.krako("trust", "approve", string(v.NodeID), "--operator", "chemistry")
	if text := <-ran; !strings.Contains(text, "every signature verified") {
		t.Errorf("the approved node did not work:\n%s", text)
	}
	if v, err := f.Trust(f.ctx, v.NodeID); err != nil || v.Operator != "chemistry" || v.State != "active" || len(v.History) != 1 || v.History[0].By == "" {
		t.Errorf("it is %+v (%v)", v, err)
	}
	f.krako("trust", "suspend", string(v.NodeID), "--reason", "its owner asked")
	if v, err := f.Trust(f.ctx, v.NodeID); err != nil || v.State != "suspended" {
		t.Errorf("it is %+v (%v)", v, err)
	}
}
