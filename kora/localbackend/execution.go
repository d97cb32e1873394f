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

	cpu, llm line
	queued   int // as told to the Backend
	running  map[uint64]context.CancelCauseFunc
	ended    chan finished
	jobs     chan errand // for workers that wait; idle counts those that do, or will
	idle     int
	voice    voice
	answer   contracts.JSON
	failed   error // the answer could not be read

	wake      chan struct{}
	alarmAt   time.Time
	stopAlarm func()

	stop     chan struct{}
	stopOnce sync.Once
	over     chan struct{}
}

// line is the units that wait for one kind of place.
type line struct {
	queue  *session.Queue
	places chan struct{}
	// short is set while a unit waits for budget that runs may give back; the
	// unit is next in line then.
	short bool
}

// place is the channel that takes a place for the next unit, nil if none waits for
// one.
func (l *line) place() chan<- struct{} {
	if l.queue.Waiting() && !l.short {
		return l.places
	}
	return nil
}

func (e *execution) lines() [2]*line { return [2]*line{&e.cpu, &e.llm} }

// lineOf returns where a unit waits.
func (e *execution) lineOf(unit int) *line {
	if e.session.Plan.Unit(unit).Type == contracts.LLM {
		return &e.llm
	}
	return &e.cpu
}

// waiting counts the units in both lines.
func (e *execution) waiting() int { return e.cpu.queue.Len() + e.llm.queue.Len() }

func newExecution(b *Backend, o session.Opening, programs []program) *execution {
	return &execution{
		b: b, session: session.Open(o, nil), programs: programs, journal: newJournal(),
		cpu: line{queue: session.NewQueue(o.Plan), places: b.places}, llm: line{queue: session.NewQueue(o.Plan), places: b.modelPlaces},
		running: map[uint64]context.CancelCauseFunc{}, ended: make(chan finished, b.opts.Parallel+b.opts.ModelParallel),
		jobs: make(chan errand), wake: make(chan struct{}, 1), stopAlarm: func() {}, stop: make(chan struct{}), over: make(chan struct{}),
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
