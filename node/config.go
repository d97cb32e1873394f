package node

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
)

// Bounds that Config may not exceed.
const (
	// MaxSlots is the largest number of units that one node runs at once.
	MaxSlots = 256
	// MaxMemoryMB is the largest memory a node may lend, in MiB.
	MaxMemoryMB = 1 << 20
	// maxUnitMB is the address space of one WebAssembly memory, in MiB.
	maxUnitMB = 4096
	// maxTags and maxTag are what the work stream carries: tags, and bytes of one
	// or of the region.
	maxTags, maxTag = 64, 256
	// maxUnacked keeps the leases of all unacknowledged batches within one
	// heartbeat.
	maxUnacked = 100
)

// Config is everything that an operator can set. The zero value of a field means
// what it says: fields are filled in by DefaultConfig, not by the agent.
type Config struct {
	// DataDir holds the node's key, its batch sequence and its caches.
	DataDir string `json:"data_dir"`

	// Coordinators are multiaddrs that end in /p2p/ and a peer id.
	Coordinators []string `json:"coordinators"`
	// MDNS looks for coordinators on the local network.
	MDNS bool `json:"mdns"`
	// DHT looks for them in Krako's Kademlia network, entered at Bootstrap or at
	// Coordinators.
	DHT bool `json:"dht"`
	// Bootstrap are multiaddrs like Coordinators.
	Bootstrap []string `json:"bootstrap"`
	// Rendezvous is the name under which the cluster advertises itself to MDNS
	// and DHT. It is no secret and proves nothing.
	Rendezvous string `json:"rendezvous"`

	// Slots is how many units run at once.
	Slots int `json:"slots"`
	// MemoryMB bounds the memory of all running units together, in MiB. A unit
	// that asks for more is refused, one that does not fit now waits.
	MemoryMB int `json:"memory_mb"`
	// Tags and Region are told to the coordinator for placement.
	Tags   []string `json:"tags"`
	Region string   `json:"region"`
	// MaxRun bounds the run time of a unit whatever its own deadline.
	MaxRun Duration `json:"max_run"`

	// CacheMB bounds the blocks kept on disk, in MiB.
	CacheMB int `json:"cache_mb"`
	// HotMB bounds the blocks kept in memory too, in MiB.
	HotMB int `json:"hot_mb"`
	// MaxInputMB bounds the input and blobs of one unit together, in MiB. All of
	// them are in memory while it runs.
	MaxInputMB int `json:"max_input_mb"`
	// MaxUnacked bounds the batches that were signed and not acknowledged. At the
	// bound nothing more is signed or asked for.
	MaxUnacked int `json:"max_unacked"`
	// MaxOutputMB bounds the outputs kept for the coordinator, in MiB. Beyond it
	// no unit is started; those running may exceed it by an output each.
	MaxOutputMB int `json:"max_output_mb"`

	// ReconnectMin and ReconnectMax are the first and the greatest pause between
	// attempts to reach a coordinator.
	ReconnectMin Duration `json:"reconnect_min"`
	ReconnectMax Duration `json:"reconnect_max"`
	// GiveUpAfter ends the agent when it had no work stream for so long; 0 never.
	GiveUpAfter Duration `json:"give_up_after"`
	// DrainTimeout bounds a graceful stop.
	DrainTimeout Duration `json:"drain_timeout"`

	// StatusAddr is a loopback host:port that serves /healthz, /readyz and
	// /status. Empty serves nothing.
	StatusAddr string `json:"status_addr"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `json:"log_level"`
	// LogFormat is text, json, or auto: text on a terminal.
	LogFormat string `json:"log_format"`
}

// DefaultConfig lends every processor of the machine. DataDir and a way to find
// a coordinator are still to be set.
func DefaultConfig() Config {
	slots := min(runtime.GOMAXPROCS(0), MaxSlots) // respects the container's share
	return Config{
		Rendezvous:   "krako",
		Slots:        slots,
		MemoryMB:     512 * slots, // eight times what a unit gets that asks for nothing
		MaxRun:       Duration(time.Hour),
		CacheMB:      4096,
		HotMB:        64,
		MaxInputMB:   256,
		MaxUnacked:   64,  // 16,384 results
		MaxOutputMB:  256, // thirty of the largest outputs
		ReconnectMin: Duration(500 * time.Millisecond),
		ReconnectMax: Duration(30 * time.Second), // a restarted coordinator has its lab back in half a minute
		DrainTimeout: Duration(30 * time.Second),
		LogLevel:     "info",
		LogFormat:    "auto",
	}
}

// Validate reports every problem at once, joined, each a *contracts.Error
// VALIDATION_ERROR with the field as Offender.
func (c *Config) Validate() error {
	p := &problems{}
	p.require(c.DataDir != "", "data_dir", "is missing")
	p.require(len(c.Coordinators) > 0 || c.MDNS || c.DHT, "coordinators",
		"is empty and neither mdns nor dht is on: the node could never find work")
	p.require(len(c.Tags) <= maxTags, "tags", "has %d entries, at most %d", len(c.Tags), maxTags)
	for _, tag := range c.Tags {
		p.require(tag != "" && len(tag) <= maxTag, "tags", "has a tag of %d bytes, not 1 to %d", len(tag), maxTag)
	}
	p.require(len(c.Region) <= maxTag, "region", "has %d bytes, at most %d", len(c.Region), maxTag)
	p.within("slots", c.Slots, 1, MaxSlots)
	p.within("memory_mb", c.MemoryMB, 1, MaxMemoryMB)
	p.within("cache_mb", c.CacheMB, 1, 1<<30)
	p.within("hot_mb", c.HotMB, 0, 1<<20)
	p.within("max_input_mb", c.MaxInputMB, 1, 1<<20)
	p.within("max_unacked", c.MaxUnacked, 1, maxUnacked)
	p.within("max_output_mb", c.MaxOutputMB, 1, 1<<20)
	p.positive("max_run", c.MaxRun)
	p.positive("reconnect_min", c.ReconnectMin)
	p.require(c.ReconnectMax >= c.ReconnectMin, "reconnect_max", "is %s, less than reconnect_min", c.ReconnectMax)
	p.require(c.GiveUpAfter >= 0, "give_up_after", "is %s, less than 0", c.GiveUpAfter)
	p.positive("drain_timeout", c.DrainTimeout)
	p.check("status_addr", checkLoopback(c.StatusAddr))
	p.oneOf("log_level", c.LogLevel, "debug", "info", "warn", "error")
	p.oneOf("log_format", c.LogFormat, "auto", "text", "json")
	p.check("network", c.checkNetwork())
	return errors.Join(p.found...)
}

// checkNetwork lets the network check its part, under a passing identity: the
// node's own is not made before the configuration is sound.
func (c *Config) checkNetwork() error {
	id, err := p2p.NewIdentity()
	if err != nil {
		return err
	}
	return c.network(id, slog.New(slog.DiscardHandler)).Validate()
}

// network is the host that the agent asks for: one that only dials.
func (c *Config) network(id p2p.Identity, log *slog.Logger) p2p.Config {
	n := p2p.DefaultConfig()
	n.Identity = id
	n.UserAgent = "krako-node"
	n.Rendezvous = c.Rendezvous
	n.Coordinators = c.Coordinators
	n.Bootstrap = c.Bootstrap
	n.MDNS = c.MDNS
	if c.DHT {
		n.DHT = p2p.DHTClient
	}
	n.Log = log
	return n
}

// checkLoopback accepts addresses that only this machine can reach.
func checkLoopback(addr string) error {
	if addr == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not host:port", addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q is not a loopback address: the status has no access control", addr)
	}
	return nil
}

// problems collects what is wrong with a Config.
type problems struct{ found []error }

func (p *problems) require(ok bool, field, format string, args ...any) {
	if !ok {
		p.found = append(p.found, contracts.Errorf(contracts.CodeValidation, field, format, args...))
	}
}

func (p *problems) check(field string, err error) {
	if err != nil {
		p.found = append(p.found, contracts.Errorf(contracts.CodeValidation, field, "%w", err))
	}
}

func (p *problems) within(field string, n, low, high int) {
	p.require(n >= low && n <= high, field, "is %d, not %d to %d", n, low, high)
}

func (p *problems) positive(field string, d Duration) {
	p.require(d > 0, field, "is %s, must be more than 0", d)
}

func (p *problems) oneOf(field, s string, allowed ...string) {
	for _, a := range allowed {
		if s == a {
			return
		}
	}
	p.require(false, field, "is %q, not %s", s, strings.Join(allowed, ", "))
}

// Duration is a time.Duration that documents write as text, such as "30s".
type Duration time.Duration

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 30s or 5m", b)
	}
	*d = Duration(v)
	return nil
}
