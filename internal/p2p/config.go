package p2p

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"time"
)

// DHTMode says which part a host takes in the private Kademlia network.
type DHTMode string

const (
	// DHTOff takes no part.
	DHTOff DHTMode = "off"
	// DHTClient asks and answers nothing: for machines that cannot be dialled.
	DHTClient DHTMode = "client"
	// DHTServer asks and answers.
	DHTServer DHTMode = "server"
	// DHTAuto is DHTServer when the host announces an address or listens on a
	// public one, else DHTClient.
	DHTAuto DHTMode = "auto"
)

// Config is what a Host is made from. Addresses are multiaddrs.
type Config struct {
	// Identity is the host's key. Required.
	Identity Identity
	// Listen are the addresses to listen on, such as
	// /ip4/0.0.0.0/udp/4545/quic-v1 and /ip4/0.0.0.0/tcp/4545. None: the host only
	// dials, which is all a worker needs.
	Listen []string
	// Announce replaces the listen addresses in what others are told, for hosts
	// behind address translation.
	Announce []string
	// UserAgent is told to every peer.
	UserAgent string

	// Rendezvous names the cluster whose coordinators are advertised and looked
	// for. Required with MDNS or DHT.
	Rendezvous string
	// Coordinators are addresses of coordinators known beforehand, each ending in
	// /p2p/ and a peer id.
	Coordinators []string
	// MDNS looks for coordinators on the local network by multicast.
	MDNS bool
	// DHT looks for them in the private Kademlia network.
	DHT DHTMode
	// Bootstrap are entry points to that network, like Coordinators.
	Bootstrap []string

	// HeartbeatMisses is how many heartbeat intervals may pass without a word
	// before the other end of a work stream is taken for dead.
	HeartbeatMisses int
	// DialTimeout bounds one attempt to connect.
	DialTimeout time.Duration
	// BlockPatience is how long the other end of a block exchange may be silent.
	BlockPatience time.Duration
	// BlockStreams bounds the exchanges under way with one peer, each way.
	BlockStreams int
	// BlockReads bounds the blocks that are being read for all peers together.
	BlockReads int

	// Limits bound what peers can make this host hold.
	Limits Limits

	// Log receives what happens to connections. Nil discards it.
	Log *slog.Logger
}

// Limits are the bounds of the resource manager and the connection manager.
// libp2p's own refuse the 253rd inbound connection on a 24 GiB machine and the
// 9th from one address, which a lab behind one NAT reaches at once.
type Limits struct {
	// Conns is the number of connections. One costs about 0.1 MB.
	Conns int
	// ConnsPerIP is the number of connections from one IPv4 address or IPv6 /64.
	ConnsPerIP int
	// DialsPerIP is the number of new connections per second from one IPv4 address
	// or IPv6 /64, and DialBurst how many may come at once. Accepting one costs
	// about 4 ms of CPU time.
	DialsPerIP float64
	DialBurst  int
	// TrustedNets are networks (CIDR) to which the bounds per address do not
	// apply. Loopback is always one.
	TrustedNets []string
	// MemoryMB bounds the flow-control windows granted to peers. It is a promise,
	// not an allocation: what peers really send is far below.
	MemoryMB int
}

// DefaultConfig is a host that only dials and looks for nobody: Identity, the
// ways to find a coordinator and, on a coordinator, Listen are to be filled in.
func DefaultConfig() Config {
	return Config{
		UserAgent:       "krako",
		DHT:             DHTOff,
		HeartbeatMisses: 6, // a machine that compiles or swaps is silent for seconds
		DialTimeout:     15 * time.Second,
		BlockPatience:   30 * time.Second,
		BlockStreams:    4,  // a block is one flow; more only share the same link
		BlockReads:      64, // at most this many blocks in memory
		Limits: Limits{
			Conns:      4096, // 0.4 GB of a coordinator's memory
			ConnsPerIP: 1024, // a lab behind one NAT
			DialsPerIP: 32,   // an eighth of one core in handshakes
			DialBurst:  1024, // all of ConnsPerIP, after the coordinator restarts
			MemoryMB:   4096, // 1 MB of windows a connection
		},
	}
}

// ListenAddrs returns the addresses that make a host reachable over QUIC and
// TCP at ip and port; port 0 lets the system choose.
func ListenAddrs(ip netip.Addr, port uint16) []string {
	family := "ip4"
	if ip.Is6() {
		family = "ip6"
	}
	return []string{
		fmt.Sprintf("/%s/%s/udp/%d/quic-v1", family, ip, port),
		fmt.Sprintf("/%s/%s/tcp/%d", family, ip, port),
	}
}

// Validate reports every problem of the configuration at once, joined.
func (c Config) Validate() error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	positive := func(field string, n int) {
		if n < 1 {
			problem("%s is %d, must be positive", field, n)
		}
	}
	if c.Identity.key == nil {
		problem("identity is missing")
	}
	for _, list := range []struct {
		field string
		addrs []string
		parse func(string) error
	}{
		{"listen", c.Listen, checkTransport},
		{"announce", c.Announce, checkTransport},
		{"coordinators", c.Coordinators, checkPeerAddr},
		{"bootstrap", c.Bootstrap, checkPeerAddr},
	} {
		for _, a := range list.addrs {
			if err := list.parse(a); err != nil {
				problem("%s: %q: %w", list.field, a, err)
			}
		}
	}
	switch c.DHT {
	case DHTOff, DHTClient, DHTServer, DHTAuto:
	default:
		problem("dht is %q, not off, client, server or auto", c.DHT)
	}
	if c.Rendezvous == "" && (c.MDNS || c.DHT != DHTOff) {
		problem("rendezvous is missing: mdns and dht look for coordinators by it")
	}
	if len(c.Rendezvous) > maxText {
		problem("rendezvous has %d bytes, at most %d", len(c.Rendezvous), maxText)
	}
	if c.HeartbeatMisses < 2 {
		problem("heartbeat_misses is %d, must be at least 2: one lost heartbeat means nothing", c.HeartbeatMisses)
	}
	if c.DialTimeout <= 0 {
		problem("dial_timeout is %s, must be positive", c.DialTimeout)
	}
	if c.BlockPatience <= 0 {
		problem("block_patience is %s, must be positive", c.BlockPatience)
	}
	positive("block_streams", c.BlockStreams)
	positive("block_reads", c.BlockReads)
	problems = append(problems, c.Limits.validate()...)
	return errors.Join(problems...)
}

func (l Limits) validate() []error {
	var problems []error
	for _, f := range []struct {
		field string
		n     int
	}{
		{"conns", l.Conns}, {"conns_per_ip", l.ConnsPerIP}, {"dial_burst", l.DialBurst}, {"memory_mb", l.MemoryMB},
	} {
		if f.n < 1 {
			problems = append(problems, fmt.Errorf("limits: %s is %d, must be positive", f.field, f.n))
		}
	}
	if l.DialsPerIP <= 0 || math.IsInf(l.DialsPerIP, 0) || math.IsNaN(l.DialsPerIP) {
		problems = append(problems, fmt.Errorf("limits: dials_per_ip is %g, must be positive", l.DialsPerIP))
	}
	for _, n := range l.TrustedNets {
		if _, err := netip.ParsePrefix(n); err != nil {
			problems = append(problems, fmt.Errorf("limits: trusted_nets: %w", err))
		}
	}
	return problems
}
