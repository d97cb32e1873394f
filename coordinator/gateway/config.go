package gateway

import (
	"net/http"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// Config bounds the gateway. A field that is not positive takes its default.
type Config struct {
	// AnyHost answers requests under whatever name they were sent to, as a gateway
	// must that other machines reach. Without, only those to localhost.
	AnyHost bool
	// MaxDocumentBytes is the longest JSON body of a submission. The default of
	// 64 MiB has room for the JSON of a graph of the largest canonical size.
	MaxDocumentBytes int64
	// MaxBlockBytes is the longest block, by default the codec's own bound.
	MaxBlockBytes int64
	// MaxBufferedBytes bounds the request bodies that are in memory at the same
	// time. A request that does not fit is refused with 429. By default four of
	// the largest bodies fit.
	MaxBufferedBytes int64
	// MaxWaiting bounds the event streams and long polls at the same time; more
	// are refused with 429. Default 1024.
	MaxWaiting int
	// BodyTimeout is how long a client may take to send a body. Default 2 min,
	// for 64 MiB at 4.5 Mbit/s.
	BodyTimeout time.Duration
	// WriteTimeout is how long a client may take to accept 256 KiB. Default 30 s.
	WriteTimeout time.Duration
	// KeepAlive is the time between two signs of life on a silent event stream.
	// Default 15 s, half of the usual 30 s after which proxies cut.
	KeepAlive time.Duration
	// RetryAfter is what a refused client is told to wait, in whole seconds and
	// at least one. Default 1 s.
	RetryAfter time.Duration
	// Metrics answers GET /metrics, for callers who may see the nodes. Its failures
	// are answered as problems. Without it the operation is UNSUPPORTED.
	Metrics http.Handler
	// Answered, if not nil, is told of each new session when the request for it came
	// in and when it had its answer. It must not wait.
	Answered func(id contracts.SessionID, from, to time.Time)
}

// DefaultConfig returns the defaults that Config documents.
func DefaultConfig() Config { return Config{}.orDefaults() }

func (c Config) orDefaults() Config {
	c.MaxDocumentBytes = positive(c.MaxDocumentBytes, 64<<20)
	c.MaxBlockBytes = positive(c.MaxBlockBytes, dagcbor.MaxSize)
	c.MaxBufferedBytes = positive(c.MaxBufferedBytes, 4*max(c.MaxDocumentBytes, c.MaxBlockBytes))
	c.MaxWaiting = positive(c.MaxWaiting, 1024)
	c.BodyTimeout = positive(c.BodyTimeout, 2*time.Minute)
	c.WriteTimeout = positive(c.WriteTimeout, 30*time.Second)
	c.KeepAlive = positive(c.KeepAlive, 15*time.Second)
	c.RetryAfter = positive(c.RetryAfter, time.Second)
	return c
}

func positive[T int | int64 | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}
