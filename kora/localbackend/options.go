package localbackend

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/reasoner"
)

// Options say how a Backend behaves. The zero value of a field means its
// default.
type Options struct {
	// Parallel bounds the units that run at once, over all executions. Default
	// GOMAXPROCS.
	Parallel int
	// ModelParallel bounds the llm units that run at once. Default 4.
	ModelParallel int
	// Models answers llm units. Default: there are none, and graphs with llm units
	// are refused.
	Models Models
	// MaxSessions bounds the executions that run at once. Default 64.
	MaxSessions int
	// Remember is how many units the sessions may have together that have ended
	// and are kept, so that a request that comes again gets its session. The
	// oldest are forgotten first. Default 100,000; negative keeps none.
	Remember int
	// Results is how many results of units are remembered, so that an equal unit of
	// the same tenant ends with one instead of being run again; the oldest are
	// forgotten first. One takes some 500 bytes, and its output stays in the block
	// store. Default: none, every unit is run.
	Results int
	// RunTimeout bounds one run of a unit, whatever its own deadline. Default
	// 10 minutes.
	RunTimeout time.Duration
	// MaxMemoryMB bounds the memory of one unit, in MiB; a unit that may take more
	// is not run. It must not exceed what the sandbox allows. Default 512.
	MaxMemoryMB int
	// MaxInput bounds the input and blobs of one unit together, in bytes. Default
	// 256 MiB.
	MaxInput int64
	// Limits bound what a graph may be. Default contracts.DefaultLimits.
	Limits contracts.Limits
	// Tasks resolves the names of catalogue tasks. Default: none is known.
	Tasks Catalogue
	// Secret keys the salts of local_only units. Default: random, so that their
	// unit_cids are not seen again by another Backend.
	Secret []byte
	// Version is shown by Health. Default "dev".
	Version string
	// Clock tells the time. Default: the machine's.
	Clock Clock
	// Log takes what is wrong with the machine. Default: nowhere.
	Log *slog.Logger
}

// Catalogue resolves task names, once per graph at admission. It is safe for
// concurrent use.
type Catalogue interface {
	// Resolve returns the task with the given name@version. Its module must be in
	// the Backend's blocks.
	Resolve(name string) (contracts.TaskView, bool)
}

// Models answers the model calls of llm units. It is safe for concurrent use;
// kora/reasoner has one. What it counts as calls in an answer, with an error too,
// is what it made: budgets and telemetry stand on that.
type Models interface {
	Invoke(ctx context.Context, c reasoner.Call, say func(reasoner.Piece)) (reasoner.Answer, error)
}

// Clock tells the time and wakes whoever asks for it. It is safe for concurrent
// use.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f on a goroutine of its own once d has passed, unless stop
	// is called before.
	AfterFunc(d time.Duration, f func()) (stop func())
}

const (
	defaultSessions   = 64
	defaultModels     = 4
	defaultRemember   = 100_000
	defaultRunTimeout = 10 * time.Minute
	defaultMemoryMB   = 512
	defaultMaxInput   = 256 << 20
)

// filled returns o with its defaults, or every problem at once.
func (o Options) filled() (Options, error) {
	var errs []error
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"parallel", int64(o.Parallel)}, {"model parallel", int64(o.ModelParallel)}, {"max sessions", int64(o.MaxSessions)}, {"results", int64(o.Results)}, {"run timeout", int64(o.RunTimeout)},
		{"max memory", int64(o.MaxMemoryMB)}, {"max input", o.MaxInput},
	} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("%s is negative", f.name))
		}
	}
	if len(errs) > 0 {
		return o, contracts.Errorf(contracts.CodeValidation, "local backend options", "%w", errors.Join(errs...))
	}
	o.Parallel = either(o.Parallel, runtime.GOMAXPROCS(0))
	o.ModelParallel = either(o.ModelParallel, defaultModels)
	o.MaxSessions = either(o.MaxSessions, defaultSessions)
	o.Remember = either(o.Remember, defaultRemember)
	o.RunTimeout = either(o.RunTimeout, defaultRunTimeout)
	o.MaxMemoryMB = either(o.MaxMemoryMB, defaultMemoryMB)
	o.MaxInput = either(o.MaxInput, defaultMaxInput)
	o.Version = either(o.Version, "dev")
	if o.Limits.MaxUnits == 0 {
		o.Limits = contracts.DefaultLimits()
	}
	if o.Tasks == nil {
		o.Tasks = noTasks{}
	}
	if len(o.Secret) == 0 {
		o.Secret = make([]byte, 32)
		rand.Read(o.Secret)
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

func either[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

type noTasks struct{}

func (noTasks) Resolve(string) (contracts.TaskView, bool) { return contracts.TaskView{}, false }

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) AfterFunc(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}
