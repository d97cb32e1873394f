package llmpod

import (
	"errors"
	"log/slog"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
)

// AgentConfig is how a pod joins a cluster. DefaultAgentConfig gives every field
// but DataDir and a way to find a coordinator.
type AgentConfig struct {
	Version string
	// DataDir holds the pod's key and its batch sequence.
	DataDir string
	// Token lets the pod in under an operator (contracts.NodeToken), "" for none.
	// TokenFile is a file that holds it, in its place.
	Token, TokenFile string
	// Coordinators are multiaddrs that end in /p2p/ and a peer id. MDNS and DHT look
	// for others by Rendezvous.
	Coordinators []string
	MDNS, DHT    bool
	Bootstrap    []string
	Rendezvous   string
	Tags         []string
	Region       string
	// MaxRun bounds a unit's time whatever its own deadline.
	MaxRun time.Duration
	// MaxUnacked bounds results that are signed and not recorded.
	MaxUnacked int
	// ReconnectMin and ReconnectMax are the first and the greatest pause after a
	// work stream was lost; GiveUpAfter ends the agent when none was found for so
	// long, 0 never; DrainTimeout bounds a graceful stop.
	ReconnectMin, ReconnectMax, GiveUpAfter, DrainTimeout time.Duration
}

// DefaultAgentConfig is for a pod in its operator's own network.
func DefaultAgentConfig() AgentConfig {
	return AgentConfig{
		Version: "dev", Rendezvous: "krako", MaxRun: time.Hour, MaxUnacked: 256,
		ReconnectMin: 500 * time.Millisecond, ReconnectMax: 30 * time.Second, DrainTimeout: 15 * time.Second,
	}
}

// NetworkSettings is the Offender of problems that the network finds.
const NetworkSettings = "network"

// Validate reports every problem at once, each a *contracts.Error
// VALIDATION_ERROR with the setting as Offender.
func (c *AgentConfig) Validate() error {
	var errs []error
	check := func(ok bool, setting, format string, args ...any) {
		if !ok {
			errs = append(errs, contracts.Errorf(contracts.CodeValidation, setting, format, args...))
		}
	}
	check(c.DataDir != "", "data_dir", "is missing")
	if _, err := p2p.ReadToken(c.Token, c.TokenFile); err != nil {
		check(false, "token", "%w", err)
	}
	check(len(c.Coordinators) > 0 || c.MDNS || c.DHT, "coordinator", "is empty and neither mdns nor dht is on: the pod could never find work")
	check(c.MaxUnacked >= 1, "max_unacked", "is %d, less than 1", c.MaxUnacked)
	check(c.GiveUpAfter >= 0, "give_up_after", "is %s, less than 0", c.GiveUpAfter)
	check(c.ReconnectMax >= c.ReconnectMin, "reconnect_max", "is %s, less than reconnect_min", c.ReconnectMax)
	for name, d := range map[string]time.Duration{"max_run": c.MaxRun, "reconnect_min": c.ReconnectMin, "drain_timeout": c.DrainTimeout} {
		check(d > 0, name, "is %s, must be more than 0", d)
	}
	if id, err := p2p.NewIdentity(); err != nil {
		errs = append(errs, err)
	} else if n := c.network(id, slog.New(slog.DiscardHandler)); n.Validate() != nil {
		check(false, NetworkSettings, "%w", n.Validate())
	}
	return errors.Join(errs...)
}

// network is the host that the agent asks for: one that only dials.
func (c *AgentConfig) network(id p2p.Identity, log *slog.Logger) p2p.Config {
	n := p2p.DefaultConfig()
	n.Identity, n.UserAgent, n.Rendezvous = id, "krako-pod/"+c.Version, c.Rendezvous
	n.Coordinators, n.Bootstrap, n.MDNS, n.Log = c.Coordinators, c.Bootstrap, c.MDNS, log
	if c.DHT {
		n.DHT = p2p.DHTClient
	}
	return n
}
