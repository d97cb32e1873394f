package pebblelog

import (
	"context"
	"fmt"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// failure is the switch that ends a DB for good. It is thrown once, by the first
// write or sync that fails, and cannot be reset.
type failure struct {
	ctx   context.Context // done from the failure on; its cause is the error
	throw context.CancelCauseFunc
}

func newFailure() *failure {
	ctx, throw := context.WithCancelCause(context.Background())
	return &failure{ctx: ctx, throw: throw}
}

// fail ends the DB because of err. The first call counts.
func (f *failure) fail(err error) {
	f.throw(fmt.Errorf("%w: %w", eventlog.ErrFailed, err))
}

// done is closed from the failure on.
func (f *failure) done() <-chan struct{} { return f.ctx.Done() }

// err returns the failure, which is eventlog.ErrFailed and its cause, or nil.
func (f *failure) err() error { return context.Cause(f.ctx) }

// guard runs do, which may never return once the DB has failed, in a goroutine
// of its own and returns what it returns or the failure.
func (f *failure) guard(do func() error) error {
	returned := make(chan error, 1)
	go func() { returned <- do() }()
	select {
	case err := <-returned:
		return err
	case <-f.done():
		return f.err()
	}
}
