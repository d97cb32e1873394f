package jetstream

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
)

// Local is the store of this coordinator's own: blocks, and where copying stands.
type Local interface {
	blob.Store
	// Stage stores blocks that are readable at once and durable in time.
	Stage(ctx context.Context, blocks ...blob.Block) error
}

// Claims is the store of this coordinator's own for who may read which block.
type Claims interface {
	Stage(ctx context.Context, t contracts.TenantID, blocks ...cid.Cid) error
	Has(ctx context.Context, t contracts.TenantID, block cid.Cid) (bool, error)
}

// Marks remembers how far the local store has copied. What it loses is copied
// again; it must not be ahead of the blocks.
type Marks interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Set(ctx context.Context, key string, value []byte) error
}

// Config says where a log is and who opens it. DefaultConfig gives every field
// but the first five.
type Config struct {
	// URL names the servers: nats://host:4222, more of them behind commas, user
	// and password before an @.
	URL string
	// Name tells logs on the same servers apart.
	Name string
	// Blocks, Claims and Marks are the coordinator's own store.
	Blocks Local
	Claims Claims
	Marks  Marks

	// Owner is shown to others as the holder of the lease.
	Owner string
	// Credentials is a NATS credentials file, "" for none.
	Credentials string
	// Replicas of everything: 3, or 1 on a single server, which then is what the
	// log does not outlive.
	Replicas int
	// Lease is how long a silent leader is waited for.
	Lease time.Duration
	// Patience is how long an append rides out a cluster that does not answer. The
	// election of a new stream leader takes some seconds.
	Patience time.Duration
	// RequireDeny refuses an account that may alter or delete streams.
	RequireDeny bool
	// QueueBytes bounds what waits to be appended.
	QueueBytes int64
	// Logger receives what happens; nil discards it.
	Logger *slog.Logger
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		Owner:      "krako-coord",
		Replicas:   3,
		Lease:      10 * time.Second, // above one election of 4.5 to 6.3 s (study)
		Patience:   time.Minute,
		QueueBytes: 16 << 20,
	}
}

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

const minQueueBytes = 4 << 20

func (c *Config) validate() error {
	bad := func(field, format string, args ...any) error {
		return contracts.Errorf(contracts.CodeValidation, field, "%s", fmt.Sprintf(format, args...))
	}
	switch {
	case c.URL == "":
		return bad("URL", "names no server")
	case !validName.MatchString(c.Name):
		return bad("Name", "%q is not 1 to 32 of a-z, 0-9 and -", c.Name)
	case c.Blocks == nil || c.Claims == nil || c.Marks == nil:
		return bad("Blocks", "there is no local store")
	case c.Replicas < 1 || c.Replicas > 5:
		return bad("Replicas", "%d, allowed are 1 to 5", c.Replicas)
	case c.Lease < time.Second:
		return bad("Lease", "%s, must be at least 1s", c.Lease)
	case c.Patience <= 0:
		return bad("Patience", "%s, must be positive", c.Patience)
	case c.QueueBytes < minQueueBytes:
		return bad("QueueBytes", "%d, must be at least %d", c.QueueBytes, minQueueBytes)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}
