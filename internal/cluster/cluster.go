package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts/client"
)

// Options say what to run.
type Options struct {
	// Dir holds everything the cluster leaves behind: data, keys and logs.
	Dir string
	// Nodes is how many nodes to run, Slots how many units each runs at once
	// (0 leaves it to the node).
	Nodes, Slots int
	// API is the coordinator's HTTP address; "127.0.0.1:0" picks a port.
	API string
	// Bin is where the binaries are; "" looks beside this executable, then on PATH.
	Bin string
	// TrustedID returns the peer id of the node with the given data directory,
	// making its key if need be, or "" if that node is not trusted. The others are the
	// trusted zone: they have one operator. Nil trusts none.
	TrustedID func(dataDir string) (string, error)
	// Model is a GGUF file that a pod serves; "" runs no pod.
	Model string
	// Pod are further flags for the pod.
	Pod []string
	// Coord and Node are further flags for the daemons, NodeFlags those of the node
	// with a number, from 1; nil for none.
	Coord, Node []string
	NodeFlags   func(node int) []string
}

// Cluster is a set of running children. Its methods are safe for concurrent use.
type Cluster struct {
	opts   Options
	ctx    context.Context
	cancel context.CancelFunc
	end    Endpoint

	Coordinator *Process
	Nodes       []*Process
	Pods        []*Process
}

// Endpoint says where a running coordinator is reached.
type Endpoint struct {
	PeerID string   `json:"peer_id"`
	Addrs  []string `json:"addrs"`
	API    string   `json:"api"`
	// Pin is the fingerprint of the API's own certificate, "" without.
	Pin string `json:"pin,omitempty"`
	PID int    `json:"pid"`
}

// EndpointFile is where a coordinator with the given data directory writes its
// Endpoint.
func EndpointFile(dataDir string) string { return filepath.Join(dataDir, "endpoint.json") }

// CoordDir is the coordinator's data directory in a cluster's directory.
func CoordDir(dir string) string { return filepath.Join(dir, "coord") }

// KeyFile is where a coordinator with the given data directory keeps a key for
// the directory's owner.
func KeyFile(dataDir string) string { return filepath.Join(dataDir, "admin.key") }

// Connect returns a client of the coordinator with the given data directory, with
// its owner's key.
func Connect(dataDir string, opts ...client.Option) (*client.Client, error) {
	e, err := ReadEndpoint(EndpointFile(dataDir))
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(KeyFile(dataDir))
	if err != nil {
		return nil, fmt.Errorf("read the coordinator's key: %w", err)
	}
	return client.New(e.API, append([]client.Option{client.WithKey(strings.TrimSpace(string(key))), client.WithPin(e.Pin)}, opts...)...)
}

// ReadEndpoint reads an Endpoint file.
func ReadEndpoint(path string) (Endpoint, error) {
	var e Endpoint
	b, err := os.ReadFile(path)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return e, fmt.Errorf("read %s: %w", path, err)
	}
	return e, nil
}

// Start runs a cluster and returns when the coordinator answers and every node
// has been started. ctx bounds only the start.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c := &Cluster{opts: o}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if err := c.start(ctx); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := os.MkdirAll(c.opts.Dir, 0o700); err != nil {
		return fmt.Errorf("make cluster directory: %w", err)
	}
	ports, err := c.ports()
	if err != nil {
		return err
	}
	trusted, err := c.trusted()
	if err != nil {
		return err
	}
	if err := c.startCoordinator(ports, trusted); err != nil {
		return err
	}
	if c.end, err = c.await(ctx); err != nil {
		return err
	}
	for i := range c.opts.Nodes {
		if err := c.startNode(i + 1); err != nil {
			return err
		}
	}
	if c.opts.Model == "" {
		return nil
	}
	return c.AddPod(c.opts.Pod...)
}

func (c *Cluster) podDir(i int) string {
	return filepath.Join(c.opts.Dir, "pod-"+strconv.Itoa(i))
}

// AddPod starts one more pod on Options.Model; flags come behind the others.
func (c *Cluster) AddPod(flags ...string) error {
	bin, err := c.binary("krako-pod")
	if err != nil {
		return err
	}
	name := "pod-" + strconv.Itoa(len(c.Pods)+1)
	args := []string{"--data-dir", c.podDir(len(c.Pods) + 1), "--model", c.opts.Model}
	for _, a := range c.end.Addrs {
		args = append(args, "--coordinator", a)
	}
	p := newProcess(name, bin, filepath.Join(c.opts.Dir, "logs", name+".log"), append(args, flags...)...)
	c.Pods = append(c.Pods, p)
	return p.start(c.ctx)
}

func (c *Cluster) startCoordinator(p ports, trusted []string) error {
	coord, err := c.binary("krako-coord")
	if err != nil {
		return err
	}
	dir := CoordDir(c.opts.Dir)
	if err := os.Remove(EndpointFile(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove old endpoint: %w", err)
	}
	args := []string{
		"--data-dir", dir, "--api", p.API, "--mdns=false", "--rendezvous", "krako-local-" + strconv.Itoa(p.P2P),
		"--listen", fmt.Sprintf("/ip4/127.0.0.1/udp/%d/quic-v1,/ip4/127.0.0.1/tcp/%d", p.P2P, p.P2P),
	}
	if len(trusted) > 0 {
		args = append(args, "--trusted", strings.Join(trusted, ","))
	}
	c.Coordinator = newProcess("coordinator", coord, filepath.Join(c.opts.Dir, "logs", "coord.log"), append(args, c.opts.Coord...)...)
	return c.Coordinator.start(c.ctx)
}

func (c *Cluster) nodeDir(i int) string {
	return filepath.Join(c.opts.Dir, "node-"+strconv.Itoa(i))
}

func (c *Cluster) startNode(i int) error {
	bin, err := c.binary("krako-node")
	if err != nil {
		return err
	}
	args := []string{"--data-dir", c.nodeDir(i)}
	for _, a := range c.end.Addrs {
		args = append(args, "--coordinator", a)
	}
	if c.opts.Slots > 0 {
		args = append(args, "--slots", strconv.Itoa(c.opts.Slots))
	}
	// Nobody lends anything here: who runs the nodes waits for what they do.
	args = append(append(args, "--priority", "normal", "--on-battery"), c.opts.Node...)
	if c.opts.NodeFlags != nil {
		args = append(args, c.opts.NodeFlags(i)...)
	}
	name := "node-" + strconv.Itoa(i)
	p := newProcess(name, bin, filepath.Join(c.opts.Dir, "logs", name+".log"), args...)
	c.Nodes = append(c.Nodes, p)
	return p.start(c.ctx)
}

// AddNode starts one more node.
func (c *Cluster) AddNode() error { return c.startNode(len(c.Nodes) + 1) }

// Identity returns the peer id of a node, the first being 0. It needs
// Options.TrustedID.
func (c *Cluster) Identity(node int) (string, error) {
	if c.opts.TrustedID == nil {
		return "", errors.New("identify node: the cluster was started without TrustedID")
	}
	return c.opts.TrustedID(c.nodeDir(node + 1))
}

func (c *Cluster) trusted() ([]string, error) {
	if c.opts.TrustedID == nil {
		return nil, nil
	}
	var ids []string
	for i := range c.opts.Nodes {
		id, err := c.opts.TrustedID(c.nodeDir(i + 1))
		if err != nil {
			return nil, err
		}
		if id != "" {
			ids = append(ids, id)
		}
	}
	if c.opts.Model != "" {
		id, err := c.opts.TrustedID(c.podDir(1))
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// Client returns a client of the coordinator that may do everything.
func (c *Cluster) Client(opts ...client.Option) (*client.Client, error) {
	return Connect(CoordDir(c.opts.Dir), opts...)
}

// API returns the base URL of the coordinator's HTTP API.
func (c *Cluster) API() string { return c.end.API }

// Endpoint returns where the coordinator is reached.
func (c *Cluster) Endpoint() Endpoint { return c.end }

// Dir returns the cluster's directory.
func (c *Cluster) Dir() string { return c.opts.Dir }

// Stop ends the nodes, then the coordinator, letting each drain.
func (c *Cluster) Stop() {
	done := make(chan struct{})
	workers := append(append([]*Process{}, c.Nodes...), c.Pods...)
	for _, w := range workers {
		go func() { w.stop(); done <- struct{}{} }()
	}
	for range workers {
		<-done
	}
	if c.Coordinator != nil {
		c.Coordinator.stop()
	}
	c.cancel()
}

// ports are what the coordinator listens on. They are kept in the cluster's
// directory, so that nodes find it again after a restart.
type ports struct {
	API string `json:"api"`
	P2P int    `json:"p2p"`
}

func (c *Cluster) ports() (ports, error) {
	path := filepath.Join(c.opts.Dir, "ports.json")
	var p ports
	if b, err := os.ReadFile(path); err == nil && json.Unmarshal(b, &p) == nil && p.P2P > 0 {
		if api := c.opts.API; api != "" && !strings.HasSuffix(api, ":0") {
			p.API = api
		}
		return p, nil
	}
	p.API = c.opts.API
	if host, anyPort := strings.CutSuffix(p.API, ":0"); anyPort || p.API == "" {
		n, err := freePort()
		if err != nil {
			return p, err
		}
		if host == "" {
			host = "127.0.0.1"
		}
		p.API = fmt.Sprintf("%s:%d", host, n) // an IPv6 host stands in its brackets
	}
	n, err := freePort()
	if err != nil {
		return p, err
	}
	p.P2P = n
	b, err := json.Marshal(p)
	if err != nil {
		return p, err
	}
	return p, os.WriteFile(path, b, 0o600)
}

// freePort returns a port that is free for TCP and UDP on loopback now.
func freePort() (int, error) {
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, fmt.Errorf("find a free port: %w", err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		u, err := net.ListenPacket("udp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		l.Close()
		if err == nil {
			u.Close()
			return port, nil
		}
	}
	return 0, errors.New("find a free port: none is free for both TCP and UDP")
}

// pollEvery is how often a starting coordinator is asked whether it is ready.
const pollEvery = 25 * time.Millisecond

// await returns the coordinator's endpoint once it answers.
func (c *Cluster) await(ctx context.Context) (Endpoint, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		e, err := ReadEndpoint(EndpointFile(CoordDir(c.opts.Dir)))
		if err == nil && answers(ctx, CoordDir(c.opts.Dir)) {
			return e, nil
		}
		if c.Coordinator.Starts() > 3 {
			return e, fmt.Errorf("coordinator does not start; its log ends with:\n%s", lastLines(c.Coordinator.Log(), 5))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return e, fmt.Errorf("coordinator is not ready: %w; see %s", context.Cause(ctx), c.Coordinator.Log())
		}
	}
}

func answers(ctx context.Context, dataDir string) bool {
	c, err := Connect(dataDir, client.WithRetry(client.Retry{}))
	if err == nil {
		_, err = c.Health(ctx)
	}
	return err == nil
}

func lastLines(file string, n int) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// binary finds a daemon.
func (c *Cluster) binary(name string) (string, error) {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	dir := c.opts.Bin
	if dir == "" {
		self, err := os.Executable()
		if err != nil {
			return "", fmt.Errorf("find %s: %w", name, err)
		}
		dir = filepath.Dir(self)
	}
	if path := filepath.Join(dir, name); isFile(path) {
		return path, nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("find %s beside krako in %s or on PATH: %w", name, dir, err)
	}
	return path, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
