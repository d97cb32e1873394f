package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/gateway"
	"github.com/krako-labs/krako/coordinator/ledger"
	"github.com/krako-labs/krako/coordinator/readmodel"
	"github.com/krako-labs/krako/coordinator/transparency"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/obs"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/wasmtasks/offer"
	"golang.org/x/sync/errgroup"
)

// serve wires a coordinator and runs it until ctx ends or a part fails.
func serve(ctx context.Context, s settings, log *slog.Logger) (err error) {
	if err := os.MkdirAll(s.dataDir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	db, err := openStore(ctx, s, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	if err := offer.Store(ctx, db.blocks); err != nil {
		return err
	}
	host, err := openHost(ctx, s, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close()) }()
	pod, err := openPod(ctx, &s, host, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pod.close()) }()
	secure, pin, err := s.tls.config(s.dataDir, s.api, log)
	if err != nil {
		return err
	}
	listener, err := gateway.Listen(s.api, secure)
	if err != nil {
		return &cli.UsageError{Err: err}
	}
	sessions, err := readmodel.Open(ctx, filepath.Join(s.dataDir, "sessions.db"), db.log.Cluster())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sessions.Close()) }()
	books, err := ledger.Open(ctx, filepath.Join(s.dataDir, "ledger.db"), db.log.Cluster(), log, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, books.Close()) }()
	acts := s.scale.open(host, log)
	if acts != nil {
		defer func() { err = errors.Join(err, acts.Close()) }()
	}
	c, err := newCoordinator(s, db, readModels{sessions, books}, host, acts, log)
	if err != nil {
		return err
	}
	metrics := obs.Metrics(figures(c), log)
	_, stop, err := obs.Serve(s.metrics, obs.Door(metrics), log)
	if err != nil {
		return err
	}
	defer stop()
	traces, err := openTraces(ctx, s.traces, log)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return books.Run(ctx, db.log, db.blocks) })
	group.Go(func() error { return c.Run(ctx) })
	group.Go(func() error { return db.watch(ctx) })
	way := door{Listener: listener, pin: pin, metrics: metrics}
	if traces != nil {
		way.answered = traces.Answered
		group.Go(func() error { return trace(ctx, traces, db, log) })
	}
	group.Go(func() error { return open(ctx, s, c, host, way, log) })
	if pod != nil {
		group.Go(func() error { pod.run(ctx, log); return nil })
	}
	return group.Wait()
}

// door is where clients come in, what they know it by, and what it tells Prometheus and
// who traces.
type door struct {
	*gateway.Listener
	pin      string
	metrics  http.Handler
	answered func(id contracts.SessionID, from, to time.Time)
}

// open lets clients and nodes in once the state is rebuilt.
func open(ctx context.Context, s settings, c *coordinator.Coordinator, host *p2p.Host, api door, log *slog.Logger) error {
	select {
	case <-c.Ready():
	case <-ctx.Done():
		return api.Close()
	}
	if err := keepOperatorKey(ctx, c, host.ID(), filepath.Join(s.dataDir, operatorKeyFile)); err != nil {
		return errors.Join(err, api.Close())
	}
	if err := keepPrices(ctx, c, s.pricing); err != nil {
		return errors.Join(err, api.Close())
	}
	debug.FreeOSMemory() // hashing a key and storing the modules took 60 MiB that are not needed again
	host.Advertise(ctx)
	where := endpoint{PeerID: host.ID(), Addrs: host.Addrs(), API: s.tls.url(api.URL()), Pin: api.pin, PID: os.Getpid()}
	if err := where.write(s.dataDir); err != nil {
		return errors.Join(err, api.Close())
	}
	log.Info("coordinator is open", "api", where.API, "api_addr", api.Addr().String(), "api_pin", api.pin, "peer_id", where.PeerID, "addrs", where.Addrs)
	cfg := gateway.DefaultConfig()
	cfg.Metrics, cfg.Answered = api.metrics, api.answered
	// A page that had its own name pointed here cannot show a certificate for it.
	cfg.AnyHost = !gateway.Loopback(s.api) || s.tls.named()
	return gateway.Serve(ctx, api.Listener, gateway.New(c, cfg, log), log)
}

// readModels are computed from the log, behind execution.
type readModels struct {
	sessions *readmodel.Model
	ledger   *ledger.Ledger
}

func newCoordinator(s settings, db *store, models readModels, host *p2p.Host, acts scaling, log *slog.Logger) (*coordinator.Coordinator, error) {
	secret, err := loadSecret(filepath.Join(s.dataDir, "secret"))
	if err != nil {
		return nil, err
	}
	tasks, err := offer.New()
	if err != nil {
		return nil, err
	}
	key, err := loadKey(filepath.Join(s.dataDir, "checkpoint.key"), db.log.Cluster())
	if err != nil {
		return nil, err
	}
	cfg := coordinator.DefaultConfig()
	cfg.Version, cfg.Profile, cfg.Secret = cli.Version(), contracts.ProfileDet1, secret
	cfg.Heartbeat, cfg.Lease, cfg.MaxSessions = s.heartbeat, s.lease, s.maxSessions
	cfg.MaxNodes = s.maxNodes
	cfg.MaxUnits, cfg.CacheEntries = s.maxUnits, s.cacheEntries
	cfg.Retain, cfg.BlockGrace = s.retain.policy(), s.retain.grace
	cfg.Stragglers.Share = s.stragglers
	for _, t := range s.shareResults {
		cfg.ShareResults = append(cfg.ShareResults, contracts.TenantID(t))
	}
	cfg.Pods, cfg.Approval, cfg.ScoreShare = s.pods, s.approval, s.scoreShare
	if cfg.HoldCold = s.scale.hold; acts != nil {
		cfg.Capacity = &s.scale.policy
	}
	if s.pool == poolOpen {
		cfg.Verify = coordinator.Open()
	}
	cfg.DispatchTimeout, cfg.RunTimeout = s.dispatchTimeout, s.runTimeout
	for _, t := range s.trusted {
		cfg.Trusted = append(cfg.Trusted, contracts.NodeID(t))
	}
	return coordinator.New(cfg, coordinator.Parts{
		Log: db.log, Blocks: db.blocks, Claims: db.claims, Network: host, Tasks: tasks, Logger: log,
		Sessions: models.sessions, Ledger: models.ledger, Key: &key, Scaler: acts,
	})
}

func openHost(ctx context.Context, s settings, log *slog.Logger) (*p2p.Host, error) {
	id, err := p2p.LoadIdentity(filepath.Join(s.dataDir, "identity.key"))
	if err != nil {
		return nil, err
	}
	cfg := p2p.DefaultConfig()
	cfg.Identity, cfg.Listen, cfg.Announce, cfg.Log = id, s.listen, s.announce, log
	cfg.UserAgent = "krako-coord/" + cli.Version()
	cfg.Rendezvous, cfg.MDNS, cfg.DHT, cfg.Bootstrap = s.rendezvous, s.mdns, p2p.DHTMode(s.dht), s.bootstrap
	return p2p.NewHost(ctx, cfg)
}

// endpoint says where a running coordinator is reached. It is written into the
// data directory for the tools of the same machine.
type endpoint struct {
	PeerID string   `json:"peer_id"`
	Addrs  []string `json:"addrs"`
	API    string   `json:"api"`
	Pin    string   `json:"pin,omitempty"`
	PID    int      `json:"pid"`
}

func (e endpoint) write(dir string) error {
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("encode endpoint: %w", err)
	}
	return cli.WriteFile(filepath.Join(dir, "endpoint.json"), append(b, '\n'))
}

// loadSecret returns the key of the salts, made on the first start. Losing it
// only means that local_only results are not reused.
func loadSecret(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		secret = make([]byte, 32)
		rand.Read(secret)
		return secret, cli.WriteFile(path, secret)
	}
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	return secret, nil
}

// loadKey returns the key that checkpoints of the log are signed with, made on the
// first start. Clients know its public half: one that is lost cannot be replaced
// without their noticing.
func loadKey(path, cluster string) (transparency.Key, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		return transparency.LoadKey(string(text))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return transparency.Key{}, fmt.Errorf("read checkpoint key: %w", err)
	}
	key, err := transparency.NewKey(cluster)
	if err != nil {
		return transparency.Key{}, err
	}
	return key, cli.WriteFile(path, []byte(key.Secret()))
}
