package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/coordinator/jetstream/natstest"
	"github.com/krako-labs/krako/internal/cluster"
	"github.com/krako-labs/krako/internal/p2p"
)

// daemon starts one of the binaries; it is killed when the test ends.
func daemon(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(filepath.Join(bin, name), args...)
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill() // it may be gone
		_ = c.Wait()
		if t.Failed() {
			b, _ := os.ReadFile(log.Name())
			t.Logf("log of %s %s:\n%s", name, strings.Join(args, " "), b[max(0, len(b)-8<<10):])
		}
	})
	return c
}

// endpoint waits until a coordinator has opened its doors.
func endpoint(ctx context.Context, t *testing.T, dir string) cluster.Endpoint {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if e, err := cluster.ReadEndpoint(cluster.EndpointFile(dir)); err == nil {
			return e
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the coordinator in %s does not open", dir)
		}
	}
}

// chain is a graph of n units, each behind the one before.
func chain(n int) *contracts.TaskGraph {
	g := &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "e2e", GraphID: uuid.NewString(), RequestID: uuid.NewString(), TenantID: "e2e",
		CreatedAt: contracts.Time{Time: time.Now()}, WorkUnits: make([]contracts.WorkUnit, n),
	}
	for i := range g.WorkUnits {
		u := &g.WorkUnits[i]
		*u = contracts.WorkUnit{
			ID: contracts.UnitID(fmt.Sprint("u", i)), Type: contracts.Deterministic, Program: &contracts.Program{Task: "bench/noop@1"},
			Input: contracts.JSON(fmt.Sprintf(`{"n":%d}`, i)),
		}
		if i > 0 {
			u.Dependencies = []contracts.UnitID{g.WorkUnits[i-1].ID}
		}
	}
	g.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: g.WorkUnits[n-1].ID}}
	return g
}

// member is one of the coordinators that share a log.
type member struct{ dir, listen, address string }

func newMember(t *testing.T) member {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m := member{dir: t.TempDir(), listen: fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", l.Addr().(*net.TCPAddr).Port)}
	id, err := p2p.LoadIdentity(filepath.Join(m.dir, "identity.key"))
	if err != nil {
		t.Fatal(err)
	}
	m.address = m.listen + "/p2p/" + id.ID()
	return m
}

func (m member) start(t *testing.T, servers *natstest.Cluster) *exec.Cmd {
	t.Helper()
	return daemon(t, "krako-coord", "--data-dir", m.dir, "--api", "127.0.0.1:0", "--mdns=false", "--dht=off", "--listen", m.listen,
		"--heartbeat=250ms", "--lease=2s", "--log", servers.URL(), "--log-name=e2e", "--log-lease=2s")
}

// api returns a client of the coordinator once it leads.
func (m member) api(ctx context.Context, t *testing.T) *client.Client {
	t.Helper()
	endpoint(ctx, t, m.dir)
	c, err := cluster.Connect(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Two coordinators share a log on three NATS servers. The one that leads is killed
// in the middle of a graph: the other takes over, the node comes to it, and the
// graph ends. What was acknowledged before is known to it, blocks and all.
func TestINV8AnotherCoordinatorTakesOver(t *testing.T) {
	takeOver(t, func(leader *exec.Cmd, _ *natstest.Cluster) error { return leader.Process.Kill() })
}

// TestFaultNATSServerIsLost loses a server together with the coordinator that leads.
func TestFaultNATSServerIsLost(t *testing.T) {
	takeOver(t, func(leader *exec.Cmd, servers *natstest.Cluster) error {
		servers.Lose(0)
		return leader.Process.Kill()
	})
}

// takeOver has the coordinator that leads be lost and checks what the other one makes
// of it.
func takeOver(t *testing.T, lose func(leader *exec.Cmd, servers *natstest.Cluster) error) (leader *exec.Cmd) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	servers, first, second := natstest.Start(t), newMember(t), newMember(t)
	leader = first.start(t, servers)
	api := first.api(ctx, t)
	second.start(t, servers)
	daemon(t, "krako-node", "--data-dir", t.TempDir(), "--coordinator", first.address, "--coordinator", second.address, "--slots=1", "--dht=false", "--mdns=false")

	submit := func(c *client.Client, g *contracts.TaskGraph) contracts.SubmitResponse {
		t.Helper()
		res, err := c.Submit(ctx, g, contracts.SubmissionMetadata{SubmittedAt: contracts.Time{Time: time.Now()}, KoraVersion: "e2e"})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	early, long := chain(3), chain(300)
	done, err := api.Wait(ctx, submit(api, early).SessionID)
	if err != nil {
		t.Fatal(err)
	}
	running := submit(api, long).SessionID
	for view := (contracts.SessionView{}); view.Units.Done < 30; {
		if view, err = api.Session(ctx, running); err != nil {
			t.Fatal(err)
		}
		if view.State.Final() {
			t.Fatal("the graph was over before its coordinator could be killed")
		}
	}
	if err := lose(leader, servers); err != nil {
		t.Fatal(err)
	}

	api = second.api(ctx, t)
	for _, g := range []*contracts.TaskGraph{early, long} {
		if res := submit(api, g); !res.Existing {
			t.Errorf("a graph that was accepted is new to the other coordinator: %+v", res)
		}
	}
	end, err := api.Wait(ctx, running)
	if err != nil {
		t.Fatal(err)
	}
	if end.Metadata.State != contracts.SessionCompleted || len(end.Telemetry.Tasks) != 300 {
		t.Errorf("the graph ended %s with %d units: %v", end.Metadata.State, len(end.Telemetry.Tasks), end.Metadata.Error)
	}
	again, err := api.Wait(ctx, done.Telemetry.ExecutionSessionID)
	if err != nil || string(again.FinalOutput) != string(done.FinalOutput) {
		t.Errorf("the session before: %s, %v, want %s", again.FinalOutput, err, done.FinalOutput)
	}
	for _, task := range append(done.Telemetry.Tasks, end.Telemetry.Tasks...) {
		if _, err := api.GetBlock(ctx, task.Output.CID.Cid); err != nil {
			t.Errorf("output of %s: %v", task.TaskID, err)
		}
	}
	return leader
}
