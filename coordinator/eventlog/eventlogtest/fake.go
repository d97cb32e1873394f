package eventlogtest

import (
	"bytes"
	"context"
	"sync"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// Fake is a log in memory, for tests of what is built on a log. It runs the same
// suite as the real ones. What was appended outlives Close: Open again to test a
// restart.
type Fake struct {
	cluster string

	mu       sync.Mutex
	epoch    uint64 // of the newest opening
	head     eventlog.Head
	segments []eventlog.Sealed
	begin    eventlog.Beginning
	changed  chan struct{} // closed and replaced whenever a waiter should look again
}

// NewFake makes an empty log.
func NewFake() *Fake {
	return &Fake{
		cluster: uuid.Must(uuid.NewV7()).String(),
		head:    eventlog.Genesis(),
		begin:   eventlog.Beginning{First: 1, Head: eventlog.Genesis()},
		changed: make(chan struct{}),
	}
}

// Open opens the log for a new writer and fences the one before.
func (f *Fake) Open() eventlog.Log {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.epoch++
	f.wake()
	return &fakeLog{fake: f, epoch: f.epoch}
}

// wake makes every waiter look again. f.mu is held.
func (f *Fake) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// fakeLog is one opening of a Fake. The Fake's lock guards it.
type fakeLog struct {
	fake   *Fake
	epoch  uint64
	closed bool
}

// state says whether the opening can still be used. The lock is held.
func (l *fakeLog) state() error {
	switch {
	case l.closed:
		return eventlog.ErrClosed
	case l.epoch < l.fake.epoch:
		return eventlog.ErrFenced
	}
	return nil
}

func (l *fakeLog) Append(ctx context.Context, records [][]byte) (eventlog.Offset, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	size, err := eventlog.BatchSize(records)
	if err != nil {
		return 0, err
	}
	f := l.fake
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := l.state(); err != nil {
		return 0, err
	}
	p := eventlog.NewPacker(f.cluster, l.epoch, f.head)
	first, err := p.Add(records, size)
	if err != nil {
		return 0, err
	}
	sealed, head, err := p.Finish()
	if err != nil {
		return 0, err
	}
	f.segments, f.head = append(f.segments, sealed...), head
	f.wake()
	return first, nil
}

func (l *fakeLog) Read(ctx context.Context, from eventlog.Offset, fn func(eventlog.Record) error) error {
	l.fake.mu.Lock()
	segments, begin := l.fake.segments, l.fake.begin
	l.fake.mu.Unlock()
	from, err := begin.From(from)
	if err != nil {
		return err
	}
	head := begin.Head
	for _, sealed := range segments {
		if err := l.usable(ctx); err != nil {
			return err
		}
		s, next, err := head.Verify(l.fake.cluster, sealed.Encoded)
		if err != nil {
			return err
		}
		if err := s.Each(from, fn); err != nil {
			return err
		}
		head = next
	}
	return l.usable(ctx)
}

// usable is state for those who do not hold the lock.
func (l *fakeLog) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.fake.mu.Lock()
	defer l.fake.mu.Unlock()
	return l.state()
}

func (l *fakeLog) Wait(ctx context.Context, from eventlog.Offset) error {
	for {
		l.fake.mu.Lock()
		err, last, changed := l.state(), l.fake.head.Last(), l.fake.changed
		l.fake.mu.Unlock()
		if err != nil || last >= from {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

func (l *fakeLog) Last() eventlog.Offset {
	l.fake.mu.Lock()
	defer l.fake.mu.Unlock()
	return l.fake.head.Last()
}

func (l *fakeLog) Trim(ctx context.Context, before eventlog.Offset, base []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f := l.fake
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := l.state(); err != nil {
		return err
	}
	if err := eventlog.CheckTrim(before, f.head.Last(), base); err != nil {
		return err
	}
	if before <= f.begin.First {
		return nil
	}
	for len(f.segments) > 1 && f.segments[1].First <= before {
		_, head, err := f.begin.Head.Verify(f.cluster, f.segments[0].Encoded)
		if err != nil {
			return err
		}
		f.segments, f.begin.Head = f.segments[1:], head
	}
	f.begin.First, f.begin.Base = before, bytes.Clone(base)
	return nil
}

func (l *fakeLog) Base() (eventlog.Offset, []byte) {
	l.fake.mu.Lock()
	defer l.fake.mu.Unlock()
	return l.fake.begin.First, bytes.Clone(l.fake.begin.Base)
}

func (l *fakeLog) Cluster() string { return l.fake.cluster }

func (l *fakeLog) Epoch() uint64 { return l.epoch }

func (l *fakeLog) Close() error {
	l.fake.mu.Lock()
	defer l.fake.mu.Unlock()
	l.closed = true
	l.fake.wake()
	return nil
}
