package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/coordinator/jetstream/natstest"
	"github.com/krako-labs/krako/internal/cluster"
	"github.com/krako-labs/krako/internal/p2p"
)

// child is one of the binaries, running or ended.
type child struct {
	*exec.Cmd
	log   string
	ended chan struct{} // closed when it has ended; err says how
	err   error
}

// daemon starts one of the binaries; it is killed when the test ends.
func daemon(t *testing.T, name string, args ...string) *child {
	t.Helper()
	c, err := spawn(t.TempDir(), name, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.finish(t) })
	return c
}

func spawn(dir, name string, args ...string) (*child, error) {
	log, err := os.CreateTemp(dir, name+"-*.log")
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own descriptor
	c := &child{Cmd: exec.Command(filepath.Join(bin, name), args...), log: log.Name(), ended: make(chan struct{})}
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		return nil, err
	}
	go func() { c.err = c.Wait(); close(c.ended) }()
	return c, nil
}

// finish kills the child, if it is still there, and shows its log if the test failed.
func (c *child) finish(t *testing.T) {
	_ = c.Process.Kill()
	<-c.ended
	if t.Failed() {
		t.Logf("log of %s (%v):\n%s", strings.Join(c.Args, " "), c.err, c.tail())
	}
}

// tail is the end of what the child has said.
func (c *child) tail() []byte {
	b, _ := os.ReadFile(c.log)
	return b[max(0, len(b)-8<<10):]
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

// member is one of the coordinators that share a log. It is started again when it ends
// by itself, as an operator's service manager does: one that has lost its lease, which
// on a busy machine can happen to any leader, ends and then waits for its next turn.
type member struct {
	dir, listen, address string

	mu      sync.Mutex
	current *child
	given   bool // up: what becomes of it is the test's business
}

func newMember(t *testing.T) *member {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m := &member{dir: t.TempDir(), listen: fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", l.Addr().(*net.TCPAddr).Port)}
	id, err := p2p.LoadIdentity(filepath.Join(m.dir, "identity.key"))
	if err != nil {
		t.Fatal(err)
	}
	m.address = m.listen + "/p2p/" + id.ID()
	return m
}

// maxEnds is how often a member may end by itself before the test is given up.
const maxEnds = 10

// keep runs the member until the test ends or it is given up. Where it ends again and
// again, over says so.
func (m *member) keep(t *testing.T, servers *natstest.Cluster, over context.CancelCauseFunc) {
	t.Helper()
	logs, done, stop := t.TempDir(), make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(stop); <-done })
	start := func() (*child, error) {
		return spawn(logs, "krako-coord", "--data-dir", m.dir, "--api", "127.0.0.1:0", "--mdns=false", "--dht=off", "--listen", m.listen,
			"--heartbeat=250ms", "--lease=2s", "--log", servers.URL(), "--log-name=e2e", "--log-lease=2s")
	}
	c, err := start()
	if err != nil {
		t.Fatal(err)
	}
	m.current = c
	go func() {
		defer close(done)
		for ends := 1; ; ends++ {
			select {
			case <-c.ended:
			case <-stop:
				c.finish(t)
				return
			}
			m.mu.Lock()
			given := m.given
			m.mu.Unlock()
			if given {
				c.finish(t)
				return
			}
			t.Logf("the coordinator in %s ended by itself (%v) and is started again", m.dir, c.err)
			if ends == maxEnds {
				over(fmt.Errorf("the coordinator in %s ended %d times, at last with %v:\n%s", m.dir, ends, c.err, c.tail()))
				c.finish(t)
				return
			}
			if c, err = start(); err != nil {
				over(err)
				return
			}
			m.mu.Lock()
			m.current = c
			m.mu.Unlock()
		}
	}()
}

// giveUp has the member not be started again and returns its process.
func (m *member) giveUp() *child {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.given = true
	return m.current
}

// leads returns a client of the member if it answers.
func (m *member) leads(ctx context.Context) (*client.Client, bool) {
	c, err := cluster.Connect(m.dir, client.WithRetry(client.Retry{}))
	if err != nil {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err = c.Health(ctx)
	return c, err == nil
}

// members are the coordinators of one log, of which one leads. The test fails when
// nothing at all goes on for a while.
type members struct {
	t    *testing.T
	ctx  context.Context
	idle *time.Timer
	all  []*member
}

// idleFor is how long nothing need go on: an election and a lease take seconds, on a
// machine that does thirty things at once minutes.
const idleFor = 5 * time.Minute

func keepMembers(t *testing.T, servers *natstest.Cluster, n int) *members {
	t.Helper()
	ctx, over := context.WithCancelCause(t.Context())
	ms := &members{t: t, ctx: ctx, idle: time.AfterFunc(idleFor, func() { over(fmt.Errorf("nothing went on for %s", idleFor)) })}
	t.Cleanup(func() { ms.idle.Stop(); over(nil) })
	for range n {
		m := newMember(t)
		m.keep(t, servers, over)
		ms.all = append(ms.all, m)
	}
	return ms
}

// moved notes that something went on.
func (ms *members) moved() { ms.idle.Reset(idleFor) }

// ask does something with the member that leads, again when another one has taken its
// place meanwhile, and returns which it was.
func (ms *members) ask(what string, do func(c *client.Client) error) (leader *member) {
	ms.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	err := errors.New("no coordinator leads")
	for {
		for _, m := range ms.all {
			if m.given {
				continue
			}
			if c, ok := m.leads(ms.ctx); ok {
				if err = do(c); err == nil {
					ms.moved()
					return m
				}
			}
		}
		select {
		case <-tick.C:
		case <-ms.ctx.Done():
			ms.t.Fatalf("%s: %v, at last: %v", what, context.Cause(ms.ctx), err)
		}
	}
}

func (ms *members) submit(g *contracts.TaskGraph) (res contracts.SubmitResponse) {
	ms.t.Helper()
	ms.ask("submit", func(c *client.Client) (err error) {
		res, err = c.Submit(ms.ctx, g, contracts.SubmissionMetadata{SubmittedAt: contracts.Time{Time: time.Now()}, KoraVersion: "e2e"})
		return err
	})
	return res
}

// end follows a session to its end.
func (ms *members) end(id contracts.SessionID) (r *contracts.ExecutionResult) {
	ms.t.Helper()
	ms.ask("result of "+string(id), func(c *client.Client) (err error) {
		if err = c.Events(ms.ctx, id, "", func(contracts.Event) error { ms.moved(); return nil }); err == nil {
			r, err = c.Wait(ms.ctx, id)
		}
		return err
	})
	return r
}

// Two coordinators share a log on three NATS servers. The one that leads is killed
// in the middle of a graph: the other takes over, the node comes to it, and the
// graph ends. What was acknowledged before is known to it, blocks and all.
func TestINV8AnotherCoordinatorTakesOver(t *testing.T) {
	takeOver(t, func(leader *child, _ *natstest.Cluster) error { return leader.Process.Kill() })
}

// TestFaultNATSServerIsLost loses a server together with the coordinator that leads.
func TestFaultNATSServerIsLost(t *testing.T) {
	takeOver(t, func(leader *child, servers *natstest.Cluster) error {
		servers.Lose(0)
		return leader.Process.Kill()
	})
}

// takeOver has the coordinator that leads be lost and checks what the other one makes
// of it. It returns the one that was lost.
func takeOver(t *testing.T, lose func(leader *child, servers *natstest.Cluster) error) *child {
	t.Helper()
	servers := natstest.Start(t)
	ms := keepMembers(t, servers, 2)
	daemon(t, "krako-node", "--data-dir", t.TempDir(), "--coordinator", ms.all[0].address, "--coordinator", ms.all[1].address, "--slots=1", "--dht=false", "--mdns=false")

	early, long := chain(3), chain(300)
	done := ms.end(ms.submit(early).SessionID)
	running := ms.submit(long).SessionID
	var leader *member
	for view := (contracts.SessionView{}); view.Units.Done < 30; {
		leader = ms.ask("look at the graph", func(c *client.Client) (err error) {
			view, err = c.Session(ms.ctx, running)
			return err
		})
		if view.State.Final() {
			t.Fatal("the graph was over before its coordinator could be lost")
		}
	}
	lost := leader.giveUp()
	if err := lose(lost, servers); err != nil {
		t.Fatal(err)
	}

	for _, g := range []*contracts.TaskGraph{early, long} {
		if res := ms.submit(g); !res.Existing {
			t.Errorf("a graph that was accepted is new to the other coordinator: %+v", res)
		}
	}
	end := ms.end(running)
	if end.Metadata.State != contracts.SessionCompleted || len(end.Telemetry.Tasks) != 300 {
		t.Errorf("the graph ended %s with %d units: %v", end.Metadata.State, len(end.Telemetry.Tasks), end.Metadata.Error)
	}
	again := ms.end(done.Telemetry.ExecutionSessionID)
	if string(again.FinalOutput) != string(done.FinalOutput) {
		t.Errorf("the session before: %s, want %s", again.FinalOutput, done.FinalOutput)
	}
	ms.ask("read outputs", func(c *client.Client) error {
		for _, task := range append(done.Telemetry.Tasks, end.Telemetry.Tasks...) {
			if _, err := c.GetBlock(ms.ctx, task.Output.CID.Cid); err != nil {
				return fmt.Errorf("output of %s: %w", task.TaskID, err)
			}
			ms.moved()
		}
		return nil
	})
	return lost
}
