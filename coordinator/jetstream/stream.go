package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/krako-labs/krako/contracts"
)

// metaCluster is where the stream keeps the log's UUID.
const metaCluster = "krako-cluster"

// names are what a log is called on the servers.
type names struct{ stream, subject, lease, objects string }

func namesOf(name string) names {
	return names{stream: "KRAKO_" + name, subject: "krako." + name + ".log", lease: "KRAKO_LEASE_" + name, objects: "KRAKO_BLOCKS_" + name}
}

func connect(c *Config) (*nats.Conn, error) {
	options := []nats.Option{
		nats.Name("krako-coord " + c.Owner), nats.MaxReconnects(-1), nats.ReconnectWait(200 * time.Millisecond),
		nats.ReconnectBufSize(-1), // what is not sent now is sent again by us or not at all
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { c.Logger.Warn("nats", "error", err) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { c.Logger.Warn("nats connection lost", "error", err) }),
		nats.ReconnectHandler(func(nc *nats.Conn) { c.Logger.Info("nats connection is back", "server", nc.ConnectedUrlRedacted()) }),
	}
	if c.Credentials != "" {
		options = append(options, nats.UserCredentials(c.Credentials))
	}
	nc, err := nats.Connect(c.URL, options...)
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeNetwork, "nats", "connect: %w", err)
	}
	return nc, nil
}

// ensure makes the log's stream, lease and bucket where they are missing, and
// returns the stream and the log's UUID.
func ensure(ctx context.Context, js jetstream.JetStream, c *Config) (s jetstream.Stream, cluster string, err error) {
	n := namesOf(c.Name)
	err = find(ctx, func(ctx context.Context) (err error) {
		s, err = js.Stream(ctx, n.stream)
		return err
	}, func(ctx context.Context) error {
		_, err := js.CreateStream(ctx, streamConfig(c))
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("open stream %s: %w", n.stream, err)
	}
	cfg := s.CachedInfo().Config
	if err := checkStream(cfg, c.Replicas); err != nil {
		return nil, "", err
	}
	err = find(ctx, func(ctx context.Context) error {
		_, err := js.KeyValue(ctx, n.lease)
		return err
	}, func(ctx context.Context) error {
		_, err := js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: n.lease, History: 1, Replicas: c.Replicas, Storage: jetstream.FileStorage})
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("open lease %s: %w", n.lease, err)
	}
	err = find(ctx, func(ctx context.Context) error {
		_, err := js.ObjectStore(ctx, n.objects)
		return err
	}, func(ctx context.Context) error {
		_, err := js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: n.objects, Replicas: c.Replicas, Storage: jetstream.FileStorage})
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("open bucket %s: %w", n.objects, err)
	}
	return s, cfg.Metadata[metaCluster], nil
}

const (
	// makeWait bounds the making of a stream, askWait one question about it.
	makeWait = time.Minute
	askWait  = 3 * time.Second
)

// find looks for something on the servers and makes it if it is not there. Several
// coordinators may make it at once: servers answer only some of them, and those
// who were too late or heard nothing look again.
func find(ctx context.Context, look, create func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, makeWait)
	defer cancel()
	ask := func(what func(context.Context) error) error {
		ctx, cancel := context.WithTimeout(ctx, askWait)
		defer cancel()
		return what(ctx)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask(look)
		if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrBucketNotFound) {
			err = ask(create)
			if err == nil {
				continue
			}
		} else if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

func streamConfig(c *Config) jetstream.StreamConfig {
	n := namesOf(c.Name)
	return jetstream.StreamConfig{
		Name: n.stream, Subjects: []string{n.subject}, Description: "Krako's event log; never delete",
		Storage: jetstream.FileStorage, Replicas: c.Replicas, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
		MaxConsumers: -1, MaxMsgs: -1, MaxBytes: -1, MaxMsgsPerSubject: -1, MaxMsgSize: -1,
		DenyDelete: true, DenyPurge: true, Metadata: map[string]string{metaCluster: uuid.NewString()},
	}
}

// checkStream refuses a stream that may forget, or that is not a log of ours.
func checkStream(c jetstream.StreamConfig, replicas int) error {
	bad := func(format string, args ...any) error {
		return contracts.Errorf(contracts.CodeValidation, c.Name, "stream is no log to rely on: %s", fmt.Sprintf(format, args...))
	}
	switch {
	case uuid.Validate(c.Metadata[metaCluster]) != nil:
		return bad("it has no cluster id")
	case c.Storage != jetstream.FileStorage:
		return bad("it is kept in memory")
	case c.Retention != jetstream.LimitsPolicy || c.Discard != jetstream.DiscardNew:
		return bad("it drops messages to make room")
	case c.MaxMsgs > 0 || c.MaxMsgsPerSubject > 0 || c.MaxAge > 0:
		return bad("its messages expire")
	case !c.DenyDelete || !c.DenyPurge:
		return bad("messages can be deleted from it")
	case c.PersistMode != jetstream.DefaultPersistMode:
		return bad("it acknowledges before it has written")
	case c.Replicas < replicas:
		return bad("it has %d replicas, want %d", c.Replicas, replicas)
	}
	return nil
}

// probeWait bounds the wait for an answer that a denied request does not get.
const probeWait = 2 * time.Second

// alterable lists what the account may do to streams that it should not. It asks
// about a stream that does not exist: an answer, of whatever kind, means that the
// question was let through.
func alterable(ctx context.Context, nc *nats.Conn, name string) []string {
	var may []string
	for _, call := range []string{"UPDATE", "DELETE", "PURGE"} {
		ctx, cancel := context.WithTimeout(ctx, probeWait)
		_, err := nc.RequestWithContext(ctx, "$JS.API.STREAM."+call+"."+namesOf(name).stream+"_PROBE", []byte("{}"))
		cancel()
		if err == nil {
			may = append(may, call)
		}
	}
	return may
}
