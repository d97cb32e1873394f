package localbackend

import (
	"context"
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/localbackend/session"
)

// execution is a session at work. The goroutine in drive owns all of it but the
// journal and the channels, until over is closed; after that nobody changes it.
type execution struct {
	b        *Backend
	session  *session.Session
	programs []program
	journal  *journal

	queue   *session.Queue
	queued  int // as told to the Backend
	running map[uint64]context.CancelCauseFunc
	ended   chan finished
	// short is set while a unit waits for budget that runs may give back; the
	// unit is next in line then.
	short  bool
	answer contracts.JSON
	failed error // the answer could not be read

	wake      chan struct{}
	alarmAt   time.Time
	stopAlarm func()

	stop     chan struct{}
	stopOnce sync.Once
	over     chan struct{}
}

func newExecution(b *Backend, o session.Opening, programs []program) *execution {
	return &execution{
		b: b, session: session.Open(o, nil), programs: programs, journal: newJournal(), queue: session.NewQueue(o.Plan),
		running: map[uint64]context.CancelCauseFunc{}, ended: make(chan finished, b.opts.Parallel),
		wake: make(chan struct{}, 1), stopAlarm: func() {}, stop: make(chan struct{}), over: make(chan struct{}),
	}
}

// cancel ends the session as soon as it can.
func (e *execution) cancel() { e.stopOnce.Do(func() { close(e.stop) }) }

// result returns the result of an execution that is over, each time a new one.
func (e *execution) result() (*contracts.ExecutionResult, error) {
	if e.failed != nil {
		return nil, e.failed
	}
	return e.session.Result(append(contracts.JSON(nil), e.answer...)), nil
}
