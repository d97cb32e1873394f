package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/jetstream"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/obs"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/spf13/pflag"
)

// settings is everything an operator can choose.
type settings struct {
	dataDir    string
	api        string
	tls        tlsSettings
	listen     []string
	announce   []string
	rendezvous string
	mdns       bool
	dht        string
	bootstrap  []string
	trusted    []string
	pool       string
	approval   bool
	scoreShare float64
	pods       bool
	pod        podSettings
	metrics    string

	heartbeat       time.Duration
	lease           time.Duration
	dispatchTimeout time.Duration
	runTimeout      time.Duration
	maxNodes        int
	maxSessions     int
	maxUnits        int
	cacheEntries    int
	stragglers      float64
	traces          string
	shareResults    []string
	retain          retainSettings
	pricing         string
	scale           scaleSettings

	log            string
	logName        string
	logReplicas    int
	logLease       time.Duration
	logCredentials string
	logStrict      bool
}

func (s *settings) flags(fs *pflag.FlagSet) {
	d := coordinator.DefaultConfig()
	dir, _ := cli.DataDir("coord") // empty where there is no home: validate asks for it
	fs.SortFlags = false
	fs.StringVar(&s.dataDir, "data-dir", dir, "where the log, the blocks and the key are kept")
	fs.StringVar(&s.api, "api", "127.0.0.1:7700", "address of the HTTP API, 0.0.0.0:7700 for all; off loopback with TLS, and HTTP/3 on the UDP port; port 0 picks one")
	s.tls.flags(fs)
	fs.StringSliceVar(&s.listen, "listen", []string{"/ip4/0.0.0.0/udp/7701/quic-v1", "/ip4/0.0.0.0/tcp/7701"}, "multiaddrs to take nodes on")
	fs.StringSliceVar(&s.announce, "announce", []string{}, "multiaddrs to announce instead of the ones listened on")
	fs.StringVar(&s.rendezvous, "rendezvous", "krako", "name under which nodes find this cluster")
	fs.BoolVar(&s.mdns, "mdns", true, "announce the coordinator on the local network")
	fs.StringVar(&s.dht, "dht", string(p2p.DHTServer), "part in the private DHT: off, client, server or auto")
	fs.StringSliceVar(&s.bootstrap, "bootstrap", []string{}, "multiaddrs of other members of the DHT")
	fs.StringSliceVar(&s.trusted, "trusted", []string{}, "peer ids of the nodes of the trusted zone")
	fs.StringVar(&s.pool, "pool", poolClosed, "whose nodes these are: closed, of people who trust each other, or open, of anybody: then no result is used before its node has earned it (docs/trust.md)")
	fs.BoolVar(&s.approval, "approval", false, "give nodes outside the trusted zone nothing before 'krako trust approve' has let them in")
	fs.Float64Var(&s.scoreShare, "score-answers", 0, "share of the free answers of models outside the trusted zone that a pod of the zone with the same weights scores; evidence that convicts nobody (docs/trust.md); 0 for none")
	fs.BoolVar(&s.pods, "pods", true, "take in LLM pods, and graphs with llm units")
	s.pod.flags(fs)
	fs.DurationVar(&s.heartbeat, "heartbeat", d.Heartbeat, "how often nodes report")
	fs.DurationVar(&s.lease, "lease", d.Lease, "how long a silent node keeps its units")
	fs.DurationVar(&s.dispatchTimeout, "dispatch-timeout", d.DispatchTimeout, "how long a unit may wait for a node")
	fs.DurationVar(&s.runTimeout, "run-timeout", d.RunTimeout, "how long one run of a unit may take")
	fs.IntVar(&s.maxNodes, "max-nodes", d.MaxNodes, "how many nodes and pods may ever be seen, by their keys; others are refused")
	fs.IntVar(&s.maxSessions, "max-sessions", d.MaxSessions, "how many graphs may run at once")
	s.retain.flags(fs)
	j := jetstream.DefaultConfig()
	fs.StringVar(&s.log, "log", "", "NATS servers that keep the log, nats://host:4222,...; without it the log is in the data directory")
	fs.StringVar(&s.logName, "log-name", "krako", "name of the log on the NATS servers; coordinators that name the same one take over from each other")
	fs.IntVar(&s.logReplicas, "log-replicas", j.Replicas, "on how many NATS servers the log is kept")
	fs.DurationVar(&s.logLease, "log-lease", j.Lease, "how long another coordinator may be silent before this one takes the log over")
	fs.StringVar(&s.logCredentials, "log-credentials", "", "NATS credentials file")
	fs.BoolVar(&s.logStrict, "log-strict", false, "refuse a NATS account that may alter or delete streams")
	fs.IntVar(&s.maxUnits, "max-units", d.MaxUnits, "how many units the running graphs may have together")
	fs.IntVar(&s.cacheEntries, "cache-entries", d.CacheEntries, "results remembered so that equal units are not run again; 0 runs every unit")
	fs.Float64Var(&s.stragglers, "straggler-copies", d.Stragglers.Share, "share of the units that may be given to a second node because nothing moves at the first; 0 for none")
	fs.StringSliceVar(&s.shareResults, "share-results", []string{}, "tenants that use each other's results from trusted nodes, * for all")
	s.scale.flags(fs)
	fs.StringVar(&s.pricing, "pricing", "", "price plan (JSON) to put into force at the start; without one that of the log stays, and where there never was one nothing costs anything")
	fs.StringVar(&s.metrics, "metrics", "", "loopback host:port to serve /metrics for Prometheus and /debug/pprof/ on without a key; empty serves nothing there, the API has /metrics too, for keys with the scope nodes")
	fs.StringVar(&s.traces, "traces", os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), "OpenTelemetry collector to send a trace of each session to, http://host:4318; empty sends nothing")
}

// The kinds of pools.
const (
	poolClosed = "closed"
	poolOpen   = "open"
)

// validate reports every problem that shows before anything is opened.
func (s *settings) validate() error {
	var errs []error
	if s.dataDir == "" {
		errs = append(errs, errors.New("--data-dir is empty"))
	}
	if s.metrics != "" {
		if err := obs.CheckLoopback(s.metrics); err != nil {
			errs = append(errs, fmt.Errorf("--metrics: %w", err))
		}
	}
	if s.traces != "" {
		if err := obs.CheckTraces(s.traces); err != nil {
			errs = append(errs, fmt.Errorf("--traces: %w", err))
		}
	}
	if len(s.listen) == 0 {
		errs = append(errs, errors.New("--listen names no address: no node could connect"))
	}
	if s.pool != poolClosed && s.pool != poolOpen {
		errs = append(errs, fmt.Errorf("--pool is %q, must be closed or open", s.pool))
	}
	if !(s.scoreShare >= 0 && s.scoreShare <= 1) {
		errs = append(errs, fmt.Errorf("--score-answers is %g, must be from 0 to 1", s.scoreShare))
	}
	if s.heartbeat < 100*time.Millisecond {
		errs = append(errs, fmt.Errorf("--heartbeat is %s, must be at least 100ms", s.heartbeat))
	}
	if s.lease < 3*s.heartbeat {
		errs = append(errs, fmt.Errorf("--lease is %s, must be at least three heartbeats of %s", s.lease, s.heartbeat))
	}
	if s.pod.wanted() && !s.pods {
		errs = append(errs, errors.New("--pod-model and --pod-attach need --pods"))
	}
	errs = append(errs, s.tls.validate(), s.checkLog(), s.scale.validate(), s.pod.validate(), s.retain.validate(s.log))
	return errors.Join(errs...)
}
