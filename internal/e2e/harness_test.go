package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/examples"
	"github.com/krako-labs/krako/internal/cluster"
	"github.com/krako-labs/krako/internal/p2p"
)

// bin is where TestMain put the binaries.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "krako-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "../../cmd/...", "../chaos/krako-chaos")
		build.Stdout, build.Stderr = os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "build the binaries:", err)
			return 1
		}
		bin = dir
		return m.Run()
	}())
}

// patience bounds one test; it is only reached when something hangs.
var patience = func() time.Duration {
	if long() {
		return time.Hour
	}
	return 5 * time.Minute
}()

// long reports whether the fault matrix is to be run in full.
func long() bool { return os.Getenv("KRAKO_LONG") != "" }

// fabric is a running cluster and a client of it.
type fabric struct {
	local *cluster.Cluster
	*client.Client
	t   *testing.T
	ctx context.Context
}

// start runs a coordinator and n nodes until the test ends and returns when all
// are connected.
func start(t *testing.T, n int, coord ...string) *fabric {
	t.Helper()
	return startWith(t, cluster.Options{Nodes: n, Coord: append([]string{"--heartbeat=250ms", "--lease=1s", "--cache-entries=0"}, coord...)})
}

// unhurried is a lease that no pause of a busy machine outlasts, for tests that count how
// often units are given out and lose no node.
const unhurried = "--lease=5m"

// startWith is start with some options of its own.
func startWith(t *testing.T, o cluster.Options) *fabric {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	o.Dir, o.Slots, o.Bin = t.TempDir(), 1, bin
	o.TrustedID = func(dir string) (string, error) {
		id, err := p2p.LoadIdentity(filepath.Join(dir, "identity.key"))
		return id.ID(), err
	}
	c, err := cluster.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Stop()
		if t.Failed() {
			showLogs(t, c)
		}
	})
	api, err := c.Client()
	if err != nil {
		t.Fatal(err)
	}
	f := &fabric{local: c, Client: api, t: t, ctx: ctx}
	f.awaitNodes(o.Nodes)
	return f
}

// showLogs prints the end of each child's log.
func showLogs(t *testing.T, c *cluster.Cluster) {
	for _, p := range slices.Concat([]*cluster.Process{c.Coordinator}, c.Nodes, c.Pods) {
		b, err := os.ReadFile(p.Log())
		if err != nil {
			t.Log(err)
			continue
		}
		const tail = 4 << 10
		t.Logf("log of %s:\n%s", p.Name, b[max(0, len(b)-tail):])
	}
}

// awaitNodes returns when n nodes are connected.
func (f *fabric) awaitNodes(n int) {
	f.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		h, err := f.Health(f.ctx)
		if err == nil && h.Capacity.Nodes >= n {
			return
		}
		select {
		case <-tick.C:
		case <-f.ctx.Done():
			f.t.Fatalf("%d nodes did not connect (last: %+v, %v)", n, h, err)
		}
	}
}

// request identifies a submission of its own.
func request() examples.Request {
	return examples.Request{
		Tenant: "e2e", GraphID: uuid.NewString(), RequestID: uuid.NewString(), CreatedAt: contracts.Time{Time: time.Now()},
	}
}

// submit hands a graph in.
func (f *fabric) submit(g *contracts.TaskGraph) contracts.SessionID {
	f.t.Helper()
	res, err := f.Submit(f.ctx, g, contracts.SubmissionMetadata{SubmittedAt: g.CreatedAt, KoraVersion: "e2e"})
	if err != nil {
		f.t.Fatal(err)
	}
	return res.SessionID
}

// history is every event of a session, in order.
type history []contracts.Event

// watch follows a session to its end and calls on with what happened so far
// after each event.
func (f *fabric) watch(id contracts.SessionID, on func(history)) history {
	f.t.Helper()
	var h history
	err := f.Events(f.ctx, id, "", func(e contracts.Event) error {
		if err := e.Validate(); err != nil {
			return err
		}
		h = append(h, e)
		if on != nil {
			on(h)
		}
		return nil
	})
	if err != nil {
		f.t.Fatalf("follow session: %v", err)
	}
	return h
}

// count returns how many events of a type there are.
func (h history) count(t contracts.EventType) (n int) {
	for _, e := range h {
		if e.Type == t {
			n++
		}
	}
	return n
}

// result waits for a session that must complete.
func (f *fabric) result(id contracts.SessionID) *contracts.ExecutionResult {
	f.t.Helper()
	r, err := f.Wait(f.ctx, id)
	if err != nil {
		f.t.Fatal(err)
	}
	if r.Metadata.State != contracts.SessionCompleted {
		f.t.Fatalf("session is %s: %s: %v", r.Metadata.State, r.Metadata.StopReason, r.Metadata.Error)
	}
	return r
}

// output fetches the whole output of a session's final unit.
func (f *fabric) output(r *contracts.ExecutionResult) []byte {
	f.t.Helper()
	b, err := f.GetBlock(f.ctx, r.Metadata.Output.CID.Cid)
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

// resultCIDs maps each unit to its result.
func resultCIDs(r *contracts.ExecutionResult) map[contracts.UnitID]string {
	cids := map[contracts.UnitID]string{}
	for _, t := range r.Telemetry.Tasks {
		cids[t.TaskID] = t.ResultCID
	}
	return cids
}

// krako runs the command line client against the cluster and returns what it
// printed. It must succeed.
func (f *fabric) krako(args ...string) string {
	f.t.Helper()
	out, code := f.try(args...)
	if code != 0 {
		f.t.Fatalf("krako %q ended with %d:\n%s", args, code, out)
	}
	return out
}

// key is the key of the cluster's owner.
func (f *fabric) key() string {
	f.t.Helper()
	key, err := os.ReadFile(cluster.KeyFile(cluster.CoordDir(f.local.Dir())))
	if err != nil {
		f.t.Fatal(err)
	}
	return strings.TrimSpace(string(key))
}

// try runs the command line client and returns output and exit code.
func (f *fabric) try(args ...string) (string, int) {
	f.t.Helper()
	cmd := exec.CommandContext(f.ctx, filepath.Join(bin, "krako"), append([]string{"--api", f.local.API()}, args...)...)
	cmd.Env = append(os.Environ(), "KRAKO_API_KEY="+f.key())
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		f.t.Fatalf("run krako: %v", err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}
