package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
)

// TestAnybodyCanCheck has a liar alone run a session, and an honest stranger the same
// graph again. Replay names every result that is a lie, diff the first one, and a
// kept receipt holds when nobody is left to be asked.
func TestAnybodyCanCheck(t *testing.T) {
	f := start(t, 0)
	const units = 5
	session := func() string {
		f.krako("run", unitsOf(t, units), "--out", os.DevNull)
		list, err := f.Sessions(f.ctx, "", 1)
		if err != nil || len(list.Sessions) != 1 {
			t.Fatalf("sessions: %+v (%v)", list, err)
		}
		return string(list.Sessions[0].SessionID)
	}
	f.rogue(`{"seed":3,"rates":{"lie":1}}`)
	f.awaitNodes(1)
	lied := session()
	if text, code := f.try("replay", lied); code == 0 || strings.Count(text, "this machine computes") < units {
		t.Errorf("replay of lies ends with %d:\n%s", code, text)
	}
	liar := f.conduct("there", func(v contracts.NodeTrust) bool { return v.State == "active" })
	f.krako("trust", "suspend", string(liar.NodeID), "--reason", "it lies")
	f.rogue(`{"seed":4}`)
	f.conduct("there", func(v contracts.NodeTrust) bool { return v.NodeID != liar.NodeID })
	honest := session()
	if text := f.krako("replay", honest); !strings.Contains(text, fmt.Sprintf("%d results are what this machine computes", units)) {
		t.Errorf("replay of an honest run:\n%s", text)
	}
	if text := f.krako("diff", honest, honest); !strings.Contains(text, "the same") {
		t.Errorf("a session differs from itself:\n%s", text)
	}
	if text, code := f.try("diff", lied, honest); code == 0 || !strings.Contains(text, "u0: the same computation has two results") || !strings.Contains(text, string(liar.NodeID)) {
		t.Errorf("diff ends with %d:\n%s", code, text)
	}
	if text := f.krako("events", "--export"); !strings.Contains(text, string(contracts.EventTrustScore)) || !strings.Contains(text, "it lies") {
		t.Errorf("the events tell of no change:\n%s", text)
	}
	kept := filepath.Join(t.TempDir(), "receipt.json")
	f.krako("verify", lied, "--unit", "u2", "--save", kept)
	f.local.Stop()
	if text := f.krako("verify", kept); !strings.Contains(text, string(liar.NodeID)) {
		t.Errorf("the receipt says:\n%s", text)
	}
	data, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	middle := data[len(data)/2:] // of a block in base64: its last digit may have bits that mean nothing
	middle[bytes.IndexByte(middle, 'A')] = 'B'
	if err := os.WriteFile(kept, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if text, code := f.try("verify", kept); code == 0 {
		t.Errorf("a tampered receipt verifies:\n%s", text)
	}
}

// TestTheInterpreterConvicts has a liar in a pool whose trusted zone has a node for
// each engine: the one with the interpreter runs nothing but what convicts.
func TestTheInterpreterConvicts(t *testing.T) {
	dir := t.TempDir()
	id, err := p2p.LoadIdentity(filepath.Join(dir, "identity.key"))
	if err != nil {
		t.Fatal(err)
	}
	f := openPool(t, 0, "--trusted", id.ID())
	ctx, cancel := context.WithCancel(f.ctx)
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "krako-node"), "--data-dir", dir, "--coordinator", f.local.Endpoint().Addrs[0], "--engine", "interpreter", "--mdns=false")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() }) // it was killed
	f.rogue(`{"seed":9,"rates":{"lie":1}}`)
	f.awaitNodes(3)
	for range 20 {
		if _, ok := f.convicted(); ok {
			break
		}
		f.krako("run", unitsOf(t, 10), "--out", os.DevNull)
	}
	liar := f.conduct("proved wrong", func(v contracts.NodeTrust) bool { return v.Convictions > 0 })
	list, err := f.Nodes(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list.Nodes {
		if string(n.NodeID) == id.ID() && (n.UnitsDone == 0 || !strings.Contains(n.Engine, "interpreter")) {
			t.Errorf("the interpreter was not asked: %+v", n)
		}
	}
	if text := f.krako("events", "--export"); !strings.Contains(text, string(contracts.EventTrustEvidence)) || !strings.Contains(text, string(liar.NodeID)) {
		t.Errorf("the events tell of no conviction:\n%s", text)
	}
}
