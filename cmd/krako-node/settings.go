package main

import (
	"errors"
	"fmt"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/obs"
	"github.com/krako-labs/krako/node"
	"github.com/krako-labs/krako/node/machine"
	"github.com/spf13/pflag"
)

// settings is everything an operator can choose.
type settings struct {
	node   node.Config
	status string
}

func (s *settings) flags(fs *pflag.FlagSet) {
	d := node.DefaultConfig()
	d.DataDir, _ = cli.DataDir("node") // empty where there is no home: validate asks for it
	d.Version = cli.Version()
	if m := (machine.Machine{}).Memory(); m.Known {
		// A quarter of the machine, so that its owner does not notice.
		d.MemoryMB = max(min(d.MemoryMB, int(m.Value>>22)), 512)
	}
	s.node = d
	c := &s.node
	fs.SortFlags = false
	fs.StringVar(&c.DataDir, "data-dir", d.DataDir, "where the key and the caches are kept")
	fs.StringSliceVar(&c.Coordinators, "coordinator", []string{}, "multiaddr of a coordinator, ending in /p2p/<peer id>; may be repeated")
	fs.StringVar(&c.TokenFile, "token-file", "", "file with a token that lets the node in under an operator (krako node token new)")
	fs.StringVar(&c.Token, "token", "", "the token itself; better given as KRAKO_TOKEN, where other users do not see it")
	fs.BoolVar(&c.MDNS, "mdns", d.MDNS, "look for a coordinator on the local network")
	fs.BoolVar(&c.DHT, "dht", d.DHT, "look for a coordinator in Krako's DHT")
	fs.StringSliceVar(&c.Bootstrap, "bootstrap", []string{}, "multiaddrs of members of the DHT")
	fs.StringVar(&c.Rendezvous, "rendezvous", d.Rendezvous, "name of the cluster to look for")
	fs.IntVar(&c.Slots, "slots", d.Slots, "how many units run at once")
	fs.IntVar(&c.MemoryMB, "memory-mb", d.MemoryMB, "memory for all running units together, in MiB")
	fs.IntVar(&c.CPUShare, "cpu-share", d.CPUShare, "how much of the time the slots may work, in percent")
	fs.StringVar(&c.Priority, "priority", d.Priority, "rank of units among other programs: idle (what nobody else wants), low or normal")
	fs.IntVar(&c.MemoryCapMB, "memory-cap-mb", d.MemoryCapMB, "memory of all worker processes with all they need, in MiB; 0 is no cap")
	fs.StringSliceVar(&c.Hours, "hours", []string{}, "when to work: 22:00-07:00, sat 10:00-18:00, mon-fri 18:30-08:00; may be repeated, none is always")
	fs.DurationVar(&c.IdleFor, "idle-for", d.IdleFor, "work only when nobody has used the machine for so long; 0 works whoever is there")
	fs.BoolVar(&c.OnBattery, "on-battery", d.OnBattery, "work without mains power too")
	fs.Float64Var(&c.MaxLoad, "max-load", d.MaxLoad, "pause while other programs use more of the processors, 0.25 being a quarter; 0 does not look")
	fs.IntVar(&c.MinFreeMB, "min-free-mb", d.MinFreeMB, "pause while less memory is free, in MiB; 0 does not look")
	fs.DurationVar(&c.PauseHold, "pause-hold", d.PauseHold, "how long a pause keeps units that have begun before it gives them back")
	fs.BoolVar(&c.TellReason, "tell-reason", d.TellReason, "let the cluster know in one word why the node is paused")
	fs.StringSliceVar(&c.Tags, "tag", []string{}, "label for placement; may be repeated")
	fs.StringVar(&c.Region, "region", d.Region, "region for placement")
	fs.DurationVar(&c.MaxRun, "max-run", d.MaxRun, "how long one run of a unit may take")
	fs.StringVar(&c.Engine, "engine", d.Engine, "what executes units: compiler, or interpreter for a node of the trusted zone that checks the compiler")
	fs.StringVar(&c.Isolation, "isolation", d.Isolation, "where units run: in worker processes (process) or in the node's own (none)")
	fs.IntVar(&c.CacheMB, "cache-mb", d.CacheMB, "blocks kept on disk, in MiB")
	fs.IntVar(&c.CodeMB, "code-mb", d.CodeMB, "compiled modules kept on disk, in MiB")
	fs.IntVar(&c.HotMB, "hot-mb", d.HotMB, "blocks kept in memory too, in MiB")
	fs.IntVar(&c.MaxInputMB, "max-input-mb", d.MaxInputMB, "input and blobs of one unit, in MiB")
	fs.IntVar(&c.MaxUnacked, "max-unacked", d.MaxUnacked, "batches signed and not acknowledged")
	fs.IntVar(&c.MaxOutputMB, "max-output-mb", d.MaxOutputMB, "outputs kept until they are recorded, in MiB")
	fs.DurationVar(&c.ReconnectMin, "reconnect-min", d.ReconnectMin, "first pause after a lost connection")
	fs.DurationVar(&c.ReconnectMax, "reconnect-max", d.ReconnectMax, "longest pause after a lost connection")
	fs.DurationVar(&c.GiveUpAfter, "give-up-after", d.GiveUpAfter, "stop when no coordinator was reached for so long; 0 never")
	fs.DurationVar(&c.DrainTimeout, "drain-timeout", d.DrainTimeout, "how long a graceful stop may take")
	fs.StringVar(&s.status, "status", "", "loopback host:port to serve /healthz, /readyz, /status, /metrics and /debug/pprof/ on; empty serves nothing")
}

// validate reports every problem that shows before anything is opened, by the
// name of its flag.
func (s *settings) validate() error {
	return errors.Join(s.checkStatus(), cli.ByFlag(s.node.Validate(), node.NetworkSettings))
}

// checkStatus keeps the status, which has no access control, on this machine.
func (s *settings) checkStatus() error {
	if s.status == "" {
		return nil
	}
	if err := obs.CheckLoopback(s.status); err != nil {
		return fmt.Errorf("--status: %w", err)
	}
	return nil
}
