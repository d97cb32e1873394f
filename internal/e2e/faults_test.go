//go:build linux

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/examples/render"
	"github.com/krako-labs/krako/internal/cluster"
)

// The rows of the fault matrix that need whole processes (docs/faults.md). Clients go
// on handing graphs in while something goes wrong, and afterwards:
//
//   - every graph that was accepted has ended, with the picture that an undisturbed
//     cluster makes and the same result of every unit;
//   - no unit completed twice, and none was given out again once its result was
//     acknowledged;
//   - handing a graph in again finds the session that it has.

// smallPicture is a picture of as many tiles as the example's, each of few pixels.
func smallPicture(t *testing.T) *contracts.TaskGraph {
	t.Helper()
	g, err := render.Graph(request(), render.Options{Width: 320, Height: 160, TileWidth: 40, TileHeight: 20, Samples: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// undisturbed makes the picture while nothing goes wrong.
func (f *fabric) undisturbed() ([]byte, map[contracts.UnitID]string) {
	f.t.Helper()
	r := f.result(f.submit(smallPicture(f.t)))
	return f.output(r), resultCIDs(r)
}

// endure has clients hand in one graph after the other while trouble goes on, and
// checks each. It returns how many there were.
func (f *fabric) endure(clients int, trouble func()) int {
	f.t.Helper()
	want, cids := f.undisturbed()
	over := make(chan struct{})
	var mu sync.Mutex
	var clientsDone sync.WaitGroup
	jobs, retries := 0, 0
	for range clients {
		clientsDone.Go(func() {
			for {
				copies := f.job(want, cids)
				mu.Lock()
				jobs, retries = jobs+1, retries+copies
				mu.Unlock()
				select {
				case <-over:
					return
				default:
					if f.t.Failed() {
						return
					}
				}
			}
		})
	}
	trouble()
	close(over)
	clientsDone.Wait()
	f.t.Logf("%d graphs of %d units ended, %d executions were lost or copied on the way", jobs, len(cids), retries)
	return jobs
}

// job hands in one graph, follows it to its end and checks what comes out. It
// returns how many of its units were given out more than once.
func (f *fabric) job(want []byte, cids map[contracts.UnitID]string) (again int) {
	g := smallPicture(f.t)
	meta := contracts.SubmissionMetadata{SubmittedAt: g.CreatedAt, KoraVersion: "e2e"}
	res, err := f.Submit(f.ctx, g, meta)
	if err != nil {
		f.t.Errorf("submit: %v", err)
		return 0
	}
	var h history
	err = f.Events(f.ctx, res.SessionID, "", func(e contracts.Event) error {
		h = append(h, e)
		return e.Validate()
	})
	if err != nil {
		f.t.Errorf("follow %s: %v", res.SessionID, err)
		return 0
	}
	checkOnce(f.t, h)
	r, err := f.Wait(f.ctx, res.SessionID)
	if err != nil || r.Metadata.State != contracts.SessionCompleted {
		f.t.Errorf("session %s did not complete: %v", res.SessionID, err)
		if r != nil {
			f.t.Errorf("it is %s: %v", r.Metadata.State, r.Metadata.Error)
		}
		return 0
	}
	if out, err := f.GetBlock(f.ctx, r.Metadata.Output.CID.Cid); err != nil || !bytes.Equal(out, want) {
		f.t.Errorf("session %s made another picture (%v)", res.SessionID, err)
	}
	if d := cmp.Diff(cids, resultCIDs(r)); d != "" {
		f.t.Errorf("result_cids of %s differ (-undisturbed +troubled):\n%s", res.SessionID, d)
	}
	if res2, err := f.Submit(f.ctx, g, meta); err != nil || !res2.Existing || res2.SessionID != res.SessionID {
		f.t.Errorf("handed in again: %+v, want session %s (%v)", res2, res.SessionID, err)
	}
	return h.count(contracts.EventUnitScheduled) - len(cids)
}

// every does something n times, at a pace.
func every(ctx context.Context, pace time.Duration, n int, do func(int)) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for i := range n {
		select {
		case <-tick.C:
			do(i)
		case <-ctx.Done():
			return
		}
	}
}

// TestFaultNodesAreKilled has nodes be killed one after the other: one of five each
// minute in full, and a good deal faster in short.
func TestFaultNodesAreKilled(t *testing.T) {
	nodes, pace, kills := 3, 400*time.Millisecond, 3
	if long() {
		nodes, pace, kills = 5, time.Minute, 5
	}
	f := start(t, nodes)
	draw := rand.New(rand.NewPCG(5, 8))
	f.endure(2, func() {
		every(f.ctx, pace, kills, func(int) { t.Log("killed", f.kill(draw.IntN(nodes))) })
	})
}

// TestFaultCoordinatorIsKilled kills the coordinator (kill -9) at random moments while
// clients go on: as soon as it answers, or up to two seconds later, in the middle of
// whatever it does.
func TestFaultCoordinatorIsKilled(t *testing.T) {
	kills := 3
	if long() {
		kills = 100
	}
	f := startWith(t, cluster.Options{
		Nodes: 3, Coord: []string{"--heartbeat=250ms", "--lease=1s", "--cache-entries=0"},
		Node: []string{"--reconnect-max=1s"}, // else they come ever later to one that goes so often
	})
	draw := rand.New(rand.NewPCG(9, 100))
	f.endure(2, func() {
		for i := range kills {
			f.awaitNodes(1)
			// The moment is random, not a wait for something.
			<-time.After(time.Duration(draw.IntN(2000)) * time.Millisecond)
			if err := f.local.Coordinator.Kill(); err != nil {
				t.Errorf("kill coordinator for the %d. time: %v", i+1, err)
			}
		}
	})
	if got := f.local.Coordinator.Starts(); got <= kills {
		t.Errorf("the coordinator was started %d times, was to be killed %d times", got, kills)
	}
}

// TestFaultStraggler has one of three nodes get a tenth of its time.
func TestFaultStraggler(t *testing.T) {
	f := start(t, 3)
	pid, rounds := f.local.Nodes[2].PID(), 15
	if long() {
		rounds = 600
	}
	signal := func(s syscall.Signal) {
		if err := syscall.Kill(pid, s); err != nil {
			t.Error(err)
		}
	}
	f.endure(2, func() {
		const slice = 20 * time.Millisecond
		every(f.ctx, 10*slice, rounds, func(int) {
			signal(syscall.SIGCONT)
			<-time.After(slice) // its share of each ten slices
			signal(syscall.SIGSTOP)
		})
		signal(syscall.SIGCONT)
	})
}

// TestFaultFrozenNodeIsLikeAnAbsentOne compares how long a graph takes while one of
// three nodes freezes with units in hand and how long without it. In full that must
// not be more than a fifth longer; in short it is too little work to tell.
func TestFaultFrozenNodeIsLikeAnAbsentOne(t *testing.T) {
	jobs, flags := 1, []string{}
	if long() {
		// The defaults: a heartbeat each second, a lease of ten.
		jobs, flags = 12, []string{"--heartbeat=1s", "--lease=10s"}
	}
	f := start(t, 3, flags...)
	want, cids := f.undisturbed()
	run := func(also func()) time.Duration {
		began := time.Now()
		done := make(chan struct{})
		var all sync.WaitGroup
		for range jobs {
			all.Go(func() {
				for {
					f.job(want, cids)
					select {
					case <-done:
						return
					default: // a graph may be over before the node was seen to hold any of it
						if f.t.Failed() {
							return
						}
					}
				}
			})
		}
		also()
		close(done)
		all.Wait()
		return time.Since(began)
	}
	pid := f.local.Nodes[2].PID()
	defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }() // so that it can stop
	frozen := run(func() {
		f.awaitHeld(2)
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Error(err)
		}
	})
	absent := run(func() {}) // it is still frozen, and given nothing
	ratio := frozen.Seconds() / absent.Seconds()
	t.Logf("frozen/absent: %.2f s / %.2f s = %.2f", frozen.Seconds(), absent.Seconds(), ratio)
	if long() && ratio > 1.2 {
		t.Errorf("a frozen node costs %.2f of an absent one, at most 1.2 is allowed", ratio)
	}
}

// awaitHeld returns when a node of the cluster holds units.
func (f *fabric) awaitHeld(node int) {
	f.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	id, err := f.local.Identity(node)
	if err != nil {
		f.t.Fatal(err)
	}
	for {
		list, err := f.Nodes(f.ctx)
		if err != nil {
			f.t.Fatal(err)
		}
		for _, n := range list.Nodes {
			if string(n.NodeID) == id && n.Leases > 0 {
				return
			}
		}
		select {
		case <-tick.C:
		case <-f.ctx.Done():
			f.t.Fatalf("node %d is given nothing", node)
		}
	}
}

// TestFaultPartition cuts the network of one of two nodes again and again, longer
// than a lease lasts, and heals it.
func TestFaultPartition(t *testing.T) {
	n := newNet(t)
	rounds := 1
	if long() {
		rounds = 20
	}
	f := startWith(t, cluster.Options{Nodes: 1, Coord: []string{
		"--heartbeat=250ms", "--lease=1s", "--cache-entries=0", "--listen=/ip4/" + n.here.String() + "/tcp/0",
	}})
	var address string
	for _, a := range f.local.Endpoint().Addrs {
		if strings.HasPrefix(a, "/ip4/"+n.here.String()+"/tcp/") {
			address = a
		}
	}
	n.run(t, filepath.Join(bin, "krako-node"), "--data-dir", t.TempDir(), "--coordinator", address, "--slots=1",
		"--priority=normal", "--on-battery", "--mdns=false", "--dht=false")
	f.awaitNodes(2)
	f.endure(2, func() {
		for range rounds {
			n.link(t, "down")
			f.awaitFewer(2)
			n.link(t, "up")
			f.awaitNodes(2)
		}
	})
}

// awaitFewer returns when fewer than n nodes are connected.
func (f *fabric) awaitFewer(n int) {
	f.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if h, err := f.Health(f.ctx); err == nil && h.Capacity.Nodes < n {
			return
		}
		select {
		case <-tick.C:
		case <-f.ctx.Done():
			f.t.Fatalf("%d nodes stay connected", n)
		}
	}
}

// network is a network namespace that one link leads to.
type network struct {
	name, host  string
	here, there netip.Addr
}

// newNet makes a namespace, or skips the test where that is not allowed.
func newNet(t *testing.T) *network {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("cutting a node's network takes a network namespace, which takes root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("cutting a node's network takes a network namespace, which takes the command ip (iproute2)")
	}
	id := os.Getpid() % 16384
	base := netip.AddrFrom4([4]byte{10, 213, byte(id >> 6), byte(id<<2) &^ 3})
	n := &network{name: fmt.Sprintf("krako%d", id), host: fmt.Sprintf("kr%dh", id), here: base.Next(), there: base.Next().Next()}
	t.Cleanup(func() {
		_ = exec.Command("ip", "link", "del", n.host).Run() // goes with the namespace, or was never made
		_ = exec.Command("ip", "netns", "del", n.name).Run()
	})
	inside := fmt.Sprintf("kr%dn", id)
	for _, line := range []string{
		"netns add " + n.name,
		"link add " + n.host + " type veth peer name " + inside + " netns " + n.name,
		"addr add " + n.here.String() + "/30 dev " + n.host,
		"link set " + n.host + " up",
		"-n " + n.name + " addr add " + n.there.String() + "/30 dev " + inside,
		"-n " + n.name + " link set " + inside + " up",
		"-n " + n.name + " link set lo up",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Skipf("network namespaces are not permitted here: ip %s: %s", line, bytes.TrimSpace(out))
		}
	}
	return n
}

// run starts a program inside, until the test ends.
func (n *network) run(t *testing.T, program string, args ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "inside.log"))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("ip", append([]string{"netns", "exec", n.name, program}, args...)...)
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill() // ip has become the program
		_ = c.Wait()
		_ = log.Close()
		if t.Failed() {
			b, _ := os.ReadFile(log.Name())
			t.Logf("log of the node inside:\n%s", b[max(0, len(b)-8<<10):])
		}
	})
}

func (n *network) link(t *testing.T, state string) {
	t.Helper()
	if out, err := exec.Command("ip", "link", "set", n.host, state).CombinedOutput(); err != nil {
		t.Fatalf("set the link %s: %s", state, out)
	}
}
