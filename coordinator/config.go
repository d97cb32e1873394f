package coordinator

import (
	"errors"
	"fmt"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/capacity"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/straggler"
	"github.com/krako-labs/krako/coordinator/verify"
)

// Config says how a coordinator behaves. DefaultConfig gives every field.
type Config struct {
	// Version is the build's version, as shown to clients and in the log.
	Version string
	// Profile is the execution profile of every unit.
	Profile string
	// Heartbeat is how often workers report, Lease how long a lease lives after
	// the last report. Lease must outlast several heartbeats.
	Heartbeat time.Duration
	Lease     time.Duration
	// DispatchTimeout bounds how long a ready unit waits for a node when the
	// unit names no timeout itself.
	DispatchTimeout time.Duration
	// RunTimeout bounds one run of a unit that names no timeout itself.
	RunTimeout time.Duration
	// MaxNodes bounds the nodes and pods that were ever seen, by their keys: a pool that
	// anybody may join would otherwise be filled with keys that cost nothing to make.
	MaxNodes int
	// MaxSessions bounds the sessions that are running at once.
	MaxSessions int
	// SurveyEvery is how many records of the log there are between two surveys of
	// it, at least. A start folds about as many.
	SurveyEvery eventlog.Offset
	// Retain says which records of the log may be let go.
	Retain Retention
	// BlockGrace is how long a block stays that no record names: what a client has to
	// hand in a graph after its blocks. 0 keeps every block.
	BlockGrace time.Duration
	// Recent is how many sessions that ended stay in memory at least; the read
	// model has the others.
	Recent int
	// MaxUnits bounds the units of all running sessions, and with them the memory
	// that they take: about a kilobyte each. Graphs are refused by priority when
	// seven tenths of it are taken.
	MaxUnits int
	// CacheEntries bounds the results that are remembered so that equal units need
	// not be run again; 0 runs every unit.
	CacheEntries int
	// ShareResults are the tenants that use each other's results, "*" for all. A
	// tenant always uses its own.
	ShareResults []contracts.TenantID
	// Stragglers says when a unit that is out is given to a second node; the zero
	// Policy never does.
	Stragglers straggler.Policy
	// Limits bound what a graph may be.
	Limits contracts.Limits
	// Quota is what a tenant may use for which nobody has set a quota.
	Quota contracts.Quota
	// Pods takes in LLM pods, and graphs with llm units with them.
	Pods bool
	// Capacity decides how many pods there are, by Parts.Scaler; nil leaves it to
	// others. HoldCold is how long graphs with model calls are taken in while no pod
	// comes; after that they are refused.
	Capacity *capacity.Policy
	HoldCold time.Duration
	// Trusted are the nodes of the trusted zone.
	Trusted []contracts.NodeID
	// Verify says how sure a result of a node outside the trusted zone must be before
	// it is used. Closed is for the nodes of people who trust each other, Open for
	// those of anybody.
	Verify verify.Policy
	// ScoreShare is how large a share of the free answers of pods outside the trusted
	// zone is scored by a pod of the zone with the same weights: evidence for where
	// units go, which convicts nobody. 0 scores none.
	ScoreShare float64
	// Approval lets no node outside the trusted zone work before somebody has let it
	// in.
	Approval bool
	// Secret keys the salts and the coins of audits of local_only units; it never leaves the process.
	Secret []byte
}

// DefaultConfig returns settings for machines that do other work too. A lease of
// ten heartbeats rides out a machine that is busy compiling, and bounds what a
// dead node costs to ten seconds.
func DefaultConfig() Config {
	return Config{
		Version:         "dev",
		Heartbeat:       time.Second,
		Lease:           10 * time.Second,
		DispatchTimeout: 10 * time.Minute,
		RunTimeout:      10 * time.Minute,
		MaxNodes:        1 << 17,
		MaxSessions:     1000,
		MaxUnits:        1_000_000,
		CacheEntries:    1 << 16,
		SurveyEvery:     64 << 10,
		Recent:          2048,
		BlockGrace:      24 * time.Hour,
		HoldCold:        2 * time.Minute,
		Stragglers:      straggler.DefaultPolicy(),
		Verify:          Closed(),
		Limits:          contracts.DefaultLimits(),
		Quota:           contracts.Quota{Graphs: 500, RequestsPerSecond: 500, BodyBytesPerSecond: 64 << 20, BlockBytes: 64 << 30},
	}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(c.Profile != "", "profile is empty")
	check(c.Heartbeat >= 100*time.Millisecond && c.Heartbeat <= time.Minute, "heartbeat is %s, allowed are 100ms to 1m", c.Heartbeat)
	check(c.Lease >= 3*c.Heartbeat, "lease is %s, must be at least three heartbeats of %s", c.Lease, c.Heartbeat)
	check(c.DispatchTimeout > 0, "dispatch timeout is %s, must be positive", c.DispatchTimeout)
	check(c.RunTimeout > 0, "run timeout is %s, must be positive", c.RunTimeout)
	check(c.MaxNodes > 0, "max nodes is %d, must be positive", c.MaxNodes)
	check(c.MaxSessions > 0, "max sessions is %d, must be positive", c.MaxSessions)
	check(c.SurveyEvery > 0, "survey interval is 0, must be positive")
	check(c.Retain.Age >= 0, "retention is %s, must not be negative", c.Retain.Age)
	check(c.BlockGrace == 0 || c.BlockGrace >= time.Second, "block grace is %s, must be 0 or at least 1s", c.BlockGrace)
	check(c.Recent > 0, "recent sessions are %d, must be positive", c.Recent)
	check(c.MaxUnits > 0, "max units is %d, must be positive", c.MaxUnits)
	check(c.CacheEntries >= 0, "cache entries are %d, must not be negative", c.CacheEntries)
	if err := c.Verify.Validate(); err != nil {
		errs = append(errs, err)
	}
	if err := c.Stragglers.Validate(); err != nil {
		errs = append(errs, err)
	}
	check(c.ScoreShare >= 0 && c.ScoreShare <= 1, "score share is %g, must be from 0 to 1", c.ScoreShare)
	check(len(c.Secret) >= 16, "secret has %d bytes, must have at least 16", len(c.Secret))
	if c.Capacity != nil {
		errs = append(errs, c.Capacity.Validate())
	}
	check(c.HoldCold > 0, "hold is %s, must be positive", c.HoldCold)
	for _, n := range c.Trusted {
		check(n != "", "trusted holds an empty node id")
	}
	return errors.Join(errs...)
}
