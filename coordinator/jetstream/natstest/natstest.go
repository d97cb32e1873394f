// Package natstest runs clusters of real NATS servers on loopback for tests.
package natstest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Cluster is three NATS servers with JetStream that sync always, each with a
// directory of its own.
type Cluster struct {
	dirs  []string
	ports []int // for clients
	peers []int // for each other

	running []*server.Server
}

// Plan chooses directories and ports, and starts nothing.
func Plan(t testing.TB) *Cluster {
	t.Helper()
	ports := freePorts(t, 6)
	s := &Cluster{ports: ports[:3], peers: ports[3:]}
	for i := range 3 {
		s.dirs = append(s.dirs, filepath.Join(t.TempDir(), strconv.Itoa(i)))
	}
	return s
}

// The ports to choose from are below those that systems give out by themselves: a
// server must find its own free when it is started, and again when it was killed,
// and other tests ask for any port all the time.
const leastPort, mostPort = 12_000, 32_000

// freePorts finds n ports.
func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	var failed error
	for range 100 * n {
		port := leastPort + rand.IntN(mostPort-leastPort)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			failed = err
			continue
		}
		defer l.Close() // until all are found: they are different ones
		if ports = append(ports, port); len(ports) == n {
			return ports
		}
	}
	t.Fatalf("no port is free: %v", failed)
	return nil
}

// URL names all servers to a client.
func (s *Cluster) URL() string {
	var urls []string
	for _, p := range s.ports {
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", p))
	}
	return strings.Join(urls, ",")
}

// Server is what one server is started with. It can travel to another process as
// JSON.
type Server struct {
	I     int
	Dir   string
	Port  int
	Peer  int
	Peers []int
}

// Server returns what server i, of three, is started with.
func (s *Cluster) Server(i int) Server {
	return Server{I: i, Dir: s.dirs[i], Port: s.ports[i], Peer: s.peers[i], Peers: s.peers}
}

// Start runs the server in this process until it is shut down.
func (o Server) Start() (*server.Server, error) {
	var routes []string
	for _, p := range o.Peers {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", p))
	}
	s, err := server.NewServer(&server.Options{
		ServerName: fmt.Sprint("s", o.I), Host: "127.0.0.1", Port: o.Port, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: o.Dir, SyncAlways: true, JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 4 << 30,
		Cluster: server.ClusterOpts{Name: "krako-test", Host: "127.0.0.1", Port: o.Peer, PoolSize: 1},
		Routes:  server.RoutesFromStr(strings.Join(routes, ",")),
	})
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(3 * time.Minute) {
		return nil, fmt.Errorf("server %d does not get ready", o.I)
	}
	return s, nil
}

// Start runs a cluster in this process until the test ends.
func Start(t testing.TB) *Cluster {
	t.Helper()
	s := Plan(t)
	for i := range s.dirs {
		o := s.Server(i)
		o.Port = server.RANDOM_PORT
		one, err := o.Start()
		if err != nil {
			t.Fatal(err)
		}
		s.running = append(s.running, one)
		s.ports[i] = one.Addr().(*net.TCPAddr).Port
	}
	awaitLeader(t, s.running)
	t.Cleanup(func() {
		for _, one := range s.running {
			one.Shutdown()
		}
		for _, one := range s.running {
			one.WaitForShutdown()
		}
	})
	return s
}

// Lose ends server i of a cluster that Start made, for good.
func (s *Cluster) Lose(i int) {
	s.running[i].Shutdown()
	s.running[i].WaitForShutdown()
}

// awaitLeader returns when the servers have found each other and can make streams.
func awaitLeader(t testing.TB, running []*server.Server) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); <-tick.C {
		for _, s := range running {
			if s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == len(running) {
				return
			}
		}
	}
	t.Fatal("the servers elect no leader")
}
