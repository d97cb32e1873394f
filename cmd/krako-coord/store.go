package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/jetstream"
	"github.com/krako-labs/krako/coordinator/pebblelog"
)

// store is where the log and the blocks are.
type store struct {
	log    eventlog.Log
	blocks coordinator.Blocks
	claims coordinator.Claims
	// failed is closed when the store has ended by itself; err says why.
	failed <-chan struct{}
	err    func() error
	close  func() error
}

// openStore opens the log that the settings name. One on NATS is opened when this
// coordinator leads it, which may be never.
func openStore(ctx context.Context, s settings, log *slog.Logger) (*store, error) {
	options := pebblelog.DefaultOptions()
	options.Logger = log
	own, err := pebblelog.Open(filepath.Join(s.dataDir, "store"), options)
	if err != nil {
		return nil, err
	}
	if s.log == "" {
		return &store{log: own.Log(), blocks: own.Blocks(), claims: own.Claims(), failed: own.Failed(), err: own.Err, close: own.Close}, nil
	}
	log.Info("waiting to lead the log", "name", s.logName, "lease", s.logLease)
	shared, err := jetstream.Open(ctx, s.jetstream(own, log))
	if err != nil {
		return nil, errors.Join(err, own.Close())
	}
	log.Info("this coordinator leads the log", "name", s.logName, "epoch", shared.Log().Epoch())
	return &store{
		log: shared.Log(), blocks: shared.Blocks(), claims: shared.Claims(), failed: shared.Failed(), err: shared.Err,
		close: func() error { return errors.Join(shared.Close(), own.Close()) },
	}, nil
}

// jetstream returns how the shared log is opened; own is this coordinator's store.
func (s settings) jetstream(own *pebblelog.DB, log *slog.Logger) jetstream.Config {
	c := jetstream.DefaultConfig()
	c.URL, c.Name, c.Replicas, c.Lease, c.Credentials = s.log, s.logName, s.logReplicas, s.logLease, s.logCredentials
	c.RequireDeny, c.Blocks, c.Claims, c.Marks, c.Logger = s.logStrict, own.Blocks(), own.Claims(), own.Meta(), log
	if host, err := os.Hostname(); err == nil {
		c.Owner = host
	}
	return c
}

// watch ends when the store does, so that a coordinator that was fenced off while
// it had nothing to write stops as well.
func (st *store) watch(ctx context.Context) error {
	select {
	case <-st.failed:
		return st.err()
	case <-ctx.Done():
		return nil
	}
}

// checkLog reports what is wrong with the settings of the log.
func (s *settings) checkLog() error {
	if s.log == "" {
		return nil
	}
	for server := range strings.SplitSeq(s.log, ",") {
		if !strings.HasPrefix(server, "nats://") && !strings.HasPrefix(server, "tls://") {
			return fmt.Errorf("--log names %q, want nats:// or tls:// and a server", server)
		}
	}
	return nil
}
