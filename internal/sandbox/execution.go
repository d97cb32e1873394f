package sandbox

import (
	"context"
	"math/rand/v2"

	"github.com/tetratelabs/wazero/sys"

	"github.com/krako-labs/krako/contracts"
)

// execution is all the state that host calls may read or change during one
// run. One goroutine uses it at a time.
type execution struct {
	args    []string
	stdin   []byte
	blobs   map[string][]byte
	clock   clock
	random  rand.ChaCha8
	files   fileTable
	output  boundedOutput
	log     truncatedLog
	media   string
	stopped *stop
}

// stop is a reason for which the host ended the guest.
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

type executionKey struct{}

// runContext carries an execution to the host calls made under it.
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
