package sandbox

import (
	"context"
	"math/rand/v2"

	"github.com/ipfs/go-cid"
	"github.com/tetratelabs/wazero/sys"

	"github.com/krako-labs/krako/contracts"
)

// execution is all the state that host calls may read or change during one
// run. One goroutine uses it at a time.
type execution struct {
	ctx   context.Context
	yield func(context.Context) // nil, or Config.Yield
	// uninterrupted is Config's.
	uninterrupted bool

	args   []string
	stdin  []byte
	blobs  map[string][]byte
	fuel   fuel
	clock  clock
	random entropy
	files  fileTable
	output boundedOutput
	log    truncatedLog
	media  string

	stopped     *stop
	interrupted bool
	// returned is set when the entry has returned, with an output or an error.
	returned bool
}

// stop is a reason for which the guest ended before its entry returned. Code ""
// is an exit with status 0.
type stop struct {
	code   contracts.Code
	detail string
}

// end unwinds the guest. Whoever called into it finds the reason in x.stopped;
// the error that wazero returns says only that there is one.
func (x *execution) end(code contracts.Code, detail string) {
	x.stopped = &stop{code, detail}
	panic(sys.NewExitError(0))
}

// interrupt unwinds the guest because its caller's context ended.
func (x *execution) interrupt() {
	x.interrupted = true
	panic(sys.NewExitError(0))
}

// beginInit sets what initialisation sees: nothing but entropy of the module.
func (x *execution) beginInit(m *Module) {
	x.reset()
	x.args = []string{programName, ""}
	x.random.domain, x.random.id = entropyInit, m.id
	x.clock = clock{}
	x.fuel.begin(initFuel, x.slice())
}

// beginUnit sets what a unit sees. Time goes on from where initialisation left
// it: a monotonic clock must not go back.
func (x *execution) beginUnit(job Job, from clock) {
	x.reset()
	x.args = []string{programName, job.Entry}
	x.blobs = job.Blobs
	x.random.domain, x.random.id = entropyUnit, job.Unit
	x.clock = from
	if job.Module.ABI() == ABICommand {
		x.stdin = job.Input
	}
	x.fuel.begin(job.Fuel, x.slice())
}

// slice is how much fuel a guest is granted at first.
func (x *execution) slice() int64 {
	if x.uninterrupted {
		return endlessSlice
	}
	return firstSlice
}

// reset forgets everything of the run before; what a job or an outcome holds is
// dropped, not overwritten.
func (x *execution) reset() {
	x.args, x.stdin, x.blobs = nil, nil, nil
	x.random = entropy{}
	x.files.reset()
	x.output.b, x.log.b = nil, nil
	x.media = contracts.DefaultMediaType
	x.stopped, x.interrupted, x.returned = nil, false, false
}

type executionKey struct{}

// runContext carries an execution to the host calls made under it. What the
// caller's context says is the host calls' to ask for; wazero is not told.
type runContext struct {
	context.Context
	x *execution
}

func (c *runContext) Value(key any) any {
	if key == (executionKey{}) {
		return c.x
	}
	return c.Context.Value(key)
}

func executionOf(ctx context.Context) *execution {
	return ctx.Value(executionKey{}).(*execution)
}

// boundedOutput collects a unit's output and refuses to exceed its limit.
type boundedOutput struct {
	b     []byte
	limit int64
}

// fits reports whether n more bytes may be written.
func (o *boundedOutput) fits(n int) bool { return int64(len(o.b))+int64(n) <= o.limit }

// truncatedLog keeps the first bytes of a guest's log and drops the rest.
type truncatedLog struct {
	b     []byte
	limit int
}

func (l *truncatedLog) write(p []byte) {
	l.b = append(l.b, p[:min(len(p), l.limit-len(l.b))]...)
}

// entropy is the guest's random stream, keyed when it is first read: most units
// draw nothing.
type entropy struct {
	domain string
	id     cid.Cid
	stream *rand.ChaCha8
}
