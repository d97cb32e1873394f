package node

import (
	"errors"
	"log/slog"
	"runtime"
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

// Values of Config.Isolation.
const (
	IsolationProcess = "process"
	IsolationNone    = "none"
)

// Values of Config.Engine.
const (
	EngineCompiler    = "compiler"
	EngineInterpreter = "interpreter"
)

// NetworkSettings is the Offender of problems that the network finds in its part
// of a Config; their messages name the setting.
const NetworkSettings = "network"

// Config is everything about the agent that an operator can set. Sizes are in
// MiB. The zero value of a field means what it says: DefaultConfig fills fields
// in, the agent does not.
type Config struct {
	// Version is the build's version, told to the coordinator.
	Version string
	// DataDir holds the node's key, its batch sequence and its caches.
	DataDir string

	// Token lets the node in under an operator (contracts.NodeToken), "" for none.
	// TokenFile is a file that holds it, in its place.
	Token, TokenFile string

	// Coordinators are multiaddrs that end in /p2p/ and a peer id.
	Coordinators []string
	// MDNS looks for coordinators on the local network.
	MDNS bool
	// DHT looks for them in Krako's Kademlia network, entered at Bootstrap or at
	// Coordinators.
	DHT bool
	// Bootstrap are multiaddrs like Coordinators.
	Bootstrap []string
	// Rendezvous is the name under which the cluster advertises itself to MDNS
	// and DHT. It is no secret and proves nothing.
	Rendezvous string

	// Slots is how many units run at once.
	Slots int
	// MemoryMB bounds the memory of all running units together. A unit that asks
	// for more is refused, one that does not fit now waits.
	MemoryMB int
	// Tags and Region are told to the coordinator for placement.
	Tags   []string
	Region string
	// MaxRun bounds the run time of a unit whatever its own deadline.
	MaxRun time.Duration
	// Isolation says where units run: IsolationProcess in worker processes, which
	// are this executable started again with worker.Argument; IsolationNone in this
	// process, which is for tests and for whoever trusts all modules.
	Isolation string
	// Engine executes units: EngineCompiler, or EngineInterpreter, which is about a
	// hundred times slower. A node with the interpreter is given no work but what
	// tells whether the engines agree, and only in a coordinator's trusted zone.
	Engine string

	// CPUShare is how much of the time the slots may work, in percent.
	CPUShare int
	// Priority is the rank of the worker processes among the programs of the
	// machine: PriorityIdle, PriorityLow or PriorityNormal.
	Priority string
	// MemoryCapMB bounds all memory of all worker processes together, what they need
	// besides their units' included; 0 does not.
	MemoryCapMB int
	// Hours are when the node works, as volunteer.ParseSchedule reads them; none is
	// always. They are of the machine's time zone.
	Hours []string
	// IdleFor is how long nobody may have used the machine before the node works; 0
	// works whoever is there.
	IdleFor time.Duration
	// OnBattery has the node work without mains power too.
	OnBattery bool
	// MaxLoad pauses while other programs use more than this part of the
	// processors, 1 being all; 0 does not look.
	MaxLoad float64
	// MinFreeMB pauses while less memory is free; 0 does not look.
	MinFreeMB int
	// PauseHold is how long a paused node keeps units that have begun. Then it
	// gives them back and frees their memory.
	PauseHold time.Duration
	// TellReason lets the coordinator, and all who may ask it, know in one word why
	// the node is paused.
	TellReason bool

	// CacheMB bounds the blocks kept on disk, CodeMB the compiled modules.
	CacheMB int
	CodeMB  int
	// HotMB bounds the blocks kept in memory too.
	HotMB int
	// MaxInputMB bounds the input and blobs of one unit together. All of them are
	// in memory while it runs.
	MaxInputMB int
	// MaxUnacked bounds the batches that were signed and not acknowledged. At the
	// bound nothing more is signed, and soon nothing more asked for.
	MaxUnacked int
	// MaxOutputMB bounds the outputs kept for the coordinator. Beyond it no unit
	// is started; those running may exceed it by an output each.
	MaxOutputMB int

	// ReconnectMin and ReconnectMax are the first and the greatest pause after a
	// work stream was lost. They keep a lab from coming back all at once; how
	// often a coordinator that does not answer is tried is the network's to say.
	ReconnectMin time.Duration
	ReconnectMax time.Duration
	// GiveUpAfter ends the agent when no coordinator took it for so long; 0 never.
	GiveUpAfter time.Duration
	// DrainTimeout bounds a graceful stop.
	DrainTimeout time.Duration

	// misses is how many heartbeats a stream outlives, as usual if 0.
	misses int
}

// DefaultConfig lends every processor of the machine. DataDir and a way to find
// a coordinator are still to be set.
func DefaultConfig() Config {
	slots := min(runtime.GOMAXPROCS(0), MaxSlots) // respects the container's share
	return Config{
		Version:      "dev",
		Rendezvous:   "krako",
		Slots:        slots,
		MemoryMB:     512 * slots, // eight times what a unit gets that asks for nothing
		MaxRun:       time.Hour,
		Isolation:    IsolationProcess,
		Engine:       EngineCompiler,
		CPUShare:     100,
		Priority:     PriorityIdle,
		PauseHold:    30 * time.Second, // longer than somebody who only looks something up
		TellReason:   true,
		CacheMB:      4096,
		CodeMB:       4096, // 200 Go modules
		HotMB:        64,
		MaxInputMB:   256,
		MaxUnacked:   64,  // 16,384 results
		MaxOutputMB:  256, // thirty of the largest outputs
		ReconnectMin: 500 * time.Millisecond,
		ReconnectMax: 30 * time.Second,
		DrainTimeout: 15 * time.Second, // below what service supervisors grant before they kill
	}
}

// Validate reports every problem at once, joined, each a *contracts.Error
// VALIDATION_ERROR with the setting as Offender, such as data_dir.
func (c *Config) Validate() error {
	p := &problems{}
	p.require(len(c.Version) <= maxTag, "version", "has %d bytes, at most %d", len(c.Version), maxTag)
	p.require(c.DataDir != "", "data_dir", "is missing")
	_, err := c.token()
	p.check("token", err)
	p.require(len(c.Coordinators) > 0 || c.MDNS || c.DHT, "coordinator",
		"is empty and neither mdns nor dht is on: the node could never find work")
	p.require(len(c.Tags) <= maxTags, "tag", "has %d entries, at most %d", len(c.Tags), maxTags)
	for _, tag := range c.Tags {
		p.require(tag != "" && len(tag) <= maxTag, "tag", "has %d bytes, not 1 to %d", len(tag), maxTag)
	}
	p.require(len(c.Region) <= maxTag, "region", "has %d bytes, at most %d", len(c.Region), maxTag)
	p.within("slots", c.Slots, 1, MaxSlots)
	p.within("memory_mb", c.MemoryMB, 1, MaxMemoryMB)
	p.within("cache_mb", c.CacheMB, 1, 1<<30)
	p.within("code_mb", c.CodeMB, 1, 1<<30)
	p.within("hot_mb", c.HotMB, 0, 1<<20)
	p.within("max_input_mb", c.MaxInputMB, 1, 1<<20)
	p.within("max_unacked", c.MaxUnacked, 1, maxUnacked)
	p.within("max_output_mb", c.MaxOutputMB, 1, 1<<20)
	p.positive("max_run", c.MaxRun)
	p.require(c.Engine == EngineCompiler || c.Engine == EngineInterpreter, "engine",
		"is %q, not %q or %q", c.Engine, EngineCompiler, EngineInterpreter)
	p.require(c.Isolation == IsolationProcess || c.Isolation == IsolationNone, "isolation",
		"is %q, not %q or %q", c.Isolation, IsolationProcess, IsolationNone)
	c.checkVolunteer(p)
	p.positive("reconnect_min", c.ReconnectMin)
	p.require(c.ReconnectMax >= c.ReconnectMin, "reconnect_max", "is %s, less than reconnect_min", c.ReconnectMax)
	p.require(c.GiveUpAfter >= 0, "give_up_after", "is %s, less than 0", c.GiveUpAfter)
	p.positive("drain_timeout", c.DrainTimeout)
	p.check(NetworkSettings, c.checkNetwork())
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
	n.UserAgent = "krako-node/" + c.Version
	n.Rendezvous = c.Rendezvous
	n.Coordinators = c.Coordinators
	n.Bootstrap = c.Bootstrap
	n.MDNS = c.MDNS
	if c.DHT {
		n.DHT = p2p.DHTClient
	}
	n.Log = log
	if c.misses > 0 {
		n.HeartbeatMisses = c.misses
	}
	return n
}

// token reads the token, nil if there is none.
func (c *Config) token() (*contracts.NodeToken, error) {
	return p2p.ReadToken(c.Token, c.TokenFile)
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

func (p *problems) positive(field string, d time.Duration) {
	p.require(d > 0, field, "is %s, must be more than 0", d)
}
