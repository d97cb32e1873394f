package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/cluster"
)

// joined is a krako-node of somebody's own.
type joined struct {
	f   *fabric
	dir string
	cmd *exec.Cmd
}

// joins starts a krako-node on a directory, in which it keeps its key.
func (f *fabric) joins(dir, token string) *joined {
	f.t.Helper()
	cmd := exec.CommandContext(f.ctx, filepath.Join(bin, "krako-node"),
		"--data-dir", dir, "--coordinator", strings.Join(f.local.Endpoint().Addrs, ","), "--slots=1", "--isolation=none", "--on-battery", "--reconnect-max=1s")
	cmd.Env = append(os.Environ(), "KRAKO_TOKEN="+token)
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	n := &joined{f, dir, cmd}
	f.t.Cleanup(n.stop)
	return n
}

func (n *joined) stop() {
	if n.cmd.ProcessState == nil {
		_ = n.cmd.Process.Signal(syscall.SIGTERM) // fails for one that has ended
		_ = n.cmd.Wait()
	}
}

// own runs krako-node on the node's directory.
func (n *joined) own(args ...string) (string, error) {
	n.f.t.Helper()
	cmd := exec.CommandContext(n.f.ctx, filepath.Join(bin, "krako-node"), append(args, "--data-dir", n.dir)...)
	cmd.Env = append(os.Environ(), "KRAKO_API="+n.f.local.API(), "KRAKO_API_KEY="+n.f.key())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// earned is what krako-node earnings says.
func (n *joined) earned() contracts.Statement {
	n.f.t.Helper()
	out, err := n.own("earnings", "--json")
	var s contracts.Statement
	if err == nil {
		err = json.Unmarshal([]byte(out), &s)
	}
	if err != nil {
		n.f.t.Fatalf("krako-node earnings: %v\n%s", err, out)
	}
	return s
}

// listed waits until the list of nodes is as wanted.
func (f *fabric) listed(ok func([]contracts.NodeView) bool) []contracts.NodeView {
	f.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := f.Nodes(f.ctx)
		if err == nil && ok(list.Nodes) {
			return list.Nodes
		}
		select {
		case <-tick.C:
		case <-f.ctx.Done():
			f.t.Fatalf("nodes stay %+v (%v)", list.Nodes, err)
		}
	}
}

// turnedAway runs a krako-node until it says why it is not let in.
func (f *fabric) turnedAway(why string, args ...string) {
	f.t.Helper()
	n := daemon(f.t, "krako-node", append(args, "--coordinator", strings.Join(f.local.Endpoint().Addrs, ","), "--isolation=none", "--reconnect-max=1s")...)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var ended bool
		select {
		case <-tick.C:
		case <-n.ended:
			ended = true
		case <-f.ctx.Done():
			ended = true
		}
		said := n.tail()
		if bytes.Contains(said, []byte(why)) && !bytes.Contains(said, []byte("work stream open")) {
			_ = n.Process.Kill() // it would ask again
			return
		}
		if ended {
			f.t.Fatalf("not turned away because the key or token %s:\n%s", why, said)
		}
	}
}

// A node joins with a token where nobody works unapproved, earns for its operator,
// changes its key, and goes on earning; the old key and the token are of no more use.
func TestANodeJoinsEarnsAndRotates(t *testing.T) {
	plan := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(plan, []byte(pricePlan), 0o600); err != nil {
		t.Fatal(err)
	}
	f := startWith(t, cluster.Options{Coord: []string{"--heartbeat=250ms", "--lease=2s", "--approval", "--pricing", plan}})
	token := strings.TrimSpace(f.krako("node", "token", "new", "--operator", "chemistry"))
	token = token[strings.LastIndex(token, "\n")+1:] // the words before it went to stderr
	doc := noopDocument(t)
	tenant := contracts.TenantID(doc["tenant_id"].(string))
	if _, err := f.Grant(f.ctx, tenant, contracts.CreditGrant{GrantID: "1", Amount: "1000"}); err != nil {
		t.Fatal(err)
	}
	n := f.joins(t.TempDir(), token)
	f.krako("run", unitsOf(t, 3))
	first := n.earned()
	if first.ByKind["charge"].Count != 3 || strings.HasPrefix(first.Closing, "0.000000") {
		t.Fatalf("for three units the node earned %+v", first)
	}
	operator := func() contracts.Statement {
		t.Helper()
		s, err := f.Statement(f.ctx, client.Of{Operator: "chemistry"}, time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := operator(); s.Closing != first.Closing {
		t.Errorf("the operator has %s, its only node %s", s.Closing, first.Closing)
	}
	if out, err := n.own("rotate"); err == nil || !strings.Contains(out, "in use") {
		t.Errorf("a node that runs rotated its key: %s", out)
	}
	n.stop()
	old, err := os.ReadFile(filepath.Join(n.dir, "identity.key"))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := n.own("rotate"); err != nil {
		t.Fatalf("krako-node rotate: %v\n%s", err, out)
	}
	n = f.joins(n.dir, token) // the token is used up, and the node is in
	list := f.listed(func(all []contracts.NodeView) bool {
		return len(all) == 2 && slices.ContainsFunc(all, func(v contracts.NodeView) bool { return v.Connected && v.State == "active" })
	})
	for _, v := range list {
		if !v.Connected && (v.State != "removed" || v.ReplacedBy == "") || v.Operator != "chemistry" {
			t.Errorf("after the rotation: %+v", v)
		}
	}
	f.krako("run", unitsOf(t, 5)) // three of them are known
	if s := n.earned(); s.ByKind["charge"].Count < 5 || s.Closing <= first.Closing || s.Closing != operator().Closing {
		t.Errorf("under both keys the node earned %+v, its operator has %s", s, operator().Closing)
	}
	thief := t.TempDir()
	if err := os.WriteFile(filepath.Join(thief, "identity.key"), old, 0o600); err != nil {
		t.Fatal(err)
	}
	f.turnedAway("was replaced by", "--data-dir", thief)
	f.turnedAway("used up", "--data-dir", t.TempDir(), "--token", token)
	if list, err := f.Nodes(f.ctx); err != nil || len(list.Nodes) != 2 {
		t.Errorf("there are %+v (%v)", list.Nodes, err)
	}
	if out := f.krako("node", "list"); !strings.Contains(out, "chemistry") || !strings.Contains(out, "removed") {
		t.Errorf("krako node list:\n%s", out)
	}
	if out := f.krako("node", "token", "list"); !strings.Contains(out, "1 of 1") || strings.Contains(out, token) {
		t.Errorf("krako node token list:\n%s", out)
	}
	kinds := map[contracts.EventType]int{}
	if err := f.Export(f.ctx, func(e contracts.Event) error { kinds[e.Type]++; return nil }); err != nil {
		t.Fatal(err)
	}
	if kinds[contracts.EventNodeApproved] != 1 || kinds[contracts.EventNodeKeyRotated] != 1 {
		t.Errorf("events are %v", kinds)
	}
}
