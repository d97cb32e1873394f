package p2p

import (
	"bufio"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/libp2p/go-libp2p/core/network"
)

// WorkStream is one end of the long-lived stream between a worker and its
// coordinator. Send may be called by any number of goroutines, Recv by one,
// and must be called in a loop: a side that does not read is taken for dead,
// and does not notice that the other is.
type WorkStream struct {
	self    side
	peer    string
	hello   Hello
	welcome Welcome
	conn    conn
	credit  credit
	out     *frameWriter

	recv   chan struct{} // full while somebody reads
	reader *patientReader
	buf    *bufio.Reader
	in     frameReader

	ctx    context.Context // ends with the stream
	cancel context.CancelFunc

	mu  sync.Mutex
	err error
}

// terms are what a handshake has settled.
type terms struct {
	self    side
	peer    string
	hello   Hello
	welcome Welcome
	misses  int
	// status fills in the worker's heartbeats. It must not block.
	status func() Heartbeat
}

// patience is how long either side may hear nothing of the other.
func (t *terms) patience() time.Duration { return time.Duration(t.misses) * t.interval() }

func (t *terms) interval() time.Duration {
	return time.Duration(t.welcome.HeartbeatMS) * time.Millisecond
}

// startWork takes over c, on which the handshake is done; r and buf hold what
// was read ahead. It starts the writing goroutine, which ends with the stream.
func startWork(c conn, r *patientReader, buf *bufio.Reader, t terms) *WorkStream {
	r.patience = t.patience()
	r.renew()
	ctx, cancel := context.WithCancel(context.Background())
	s := &WorkStream{
		self: t.self, peer: t.peer, hello: t.hello, welcome: t.welcome,
		conn: c, out: newFrameWriter(),
		reader: r, buf: buf, in: frameReader{r: buf, max: MaxFrame},
		recv: make(chan struct{}, 1), ctx: ctx, cancel: cancel,
	}
	go s.write(t)
	return s
}

// Peer returns the peer id of the other end, proved by the transport.
func (s *WorkStream) Peer() string { return s.peer }

// Hello returns what the worker said of itself.
func (s *WorkStream) Hello() Hello { return s.hello }

// Welcome returns the terms that the coordinator set.
func (s *WorkStream) Welcome() Welcome { return s.welcome }

// Credit returns how many units the coordinator may still assign: its own count
// on its side, an upper bound on the worker's, 0 once either side drains.
func (s *WorkStream) Credit() int { return s.credit.available() }

// Done is closed when the stream has ended; Err then says why.
func (s *WorkStream) Done() <-chan struct{} { return s.ctx.Done() }

// Err returns why the stream ended, nil while it lives: a *contracts.Error that
// names the peer.
func (s *WorkStream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Send queues m. It waits while the queue is full, which is while the peer does
// not read, until ctx ends. Sending is no proof of arrival. Errors are
// *contracts.Error: the stream's own once it has ended, ErrNoCredit and
// ErrDraining, and ErrFrameMalformed or ErrFrameTooLarge for a message out of
// its bounds; the stream survives all but the first.
func (s *WorkStream) Send(ctx context.Context, m Message) error {
	if err := s.send(ctx, m); err != nil {
		if ended := s.Err(); ended != nil {
			return ended
		}
		return peerError(s.peer, err)
	}
	return nil
}

func (s *WorkStream) send(ctx context.Context, m Message) error {
	if senders(m.frame())&s.self == 0 || m.frame() == typeGoodbye {
		return fmt.Errorf("%w: the %s does not send %T", ErrUnexpected, s.self, m)
	}
	frame, err := encodeMessage(m)
	if err != nil {
		return err
	}
	if err := s.account(m); err != nil {
		return err
	}
	if err := s.out.put(ctx, frame); err != nil {
		s.restore(m)
		return err
	}
	return nil
}

// account counts a message that is about to be sent.
func (s *WorkStream) account(m Message) error {
	switch m := m.(type) {
	case *Credit:
		if s.credit.isDraining() {
			return ErrDraining
		}
		return s.credit.grant(m.N)
	case *Assign:
		if s.credit.isDraining() {
			return ErrDraining
		}
		return s.credit.take(len(m.Units), ErrNoCredit)
	case *Drain:
		s.credit.drain()
	}
	return nil
}

// restore undoes account for a message that was not sent after all.
func (s *WorkStream) restore(m Message) {
	switch m := m.(type) {
	case *Credit:
		_ = s.credit.take(m.N, ErrNoCredit)
	case *Assign:
		_ = s.credit.grant(len(m.Units))
	}
}

// Recv returns the peer's next message. Credit is already counted. Any error is
// the stream's end, the same as Err from then on: a Goodbye is ErrGoodbye with
// the code that the peer gave, and a peer that breaks the protocol has its
// stream reset.
func (s *WorkStream) Recv() (Message, error) {
	select {
	case s.recv <- struct{}{}:
		defer func() { <-s.recv }()
	case <-s.ctx.Done(): // Close may be reading for as long as it lingers
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	m, err := s.receive()
	if err != nil {
		return nil, s.fail(err)
	}
	return m, nil
}

func (s *WorkStream) receive() (Message, error) {
	s.reader.renew()
	t, body, err := s.in.next()
	if err != nil {
		return nil, err
	}
	m, err := decodeMessage(t, body)
	if err != nil {
		return nil, err
	}
	if from := s.self ^ (worker | coordinator); senders(t)&from == 0 {
		return nil, fmt.Errorf("%w: %T from the %s", ErrUnexpected, m, from)
	}
	return m, s.admit(m)
}

// admit counts a message that has come.
func (s *WorkStream) admit(m Message) error {
	switch m := m.(type) {
	case *Credit:
		return s.credit.grant(m.N)
	case *Assign:
		return s.credit.take(len(m.Units), ErrOverCredit)
	case *Drain:
		s.credit.drain()
	case *Goodbye:
		err := fmt.Errorf("%w: %s", ErrGoodbye, m.Message)
		return &contracts.Error{Code: m.Code, Message: err.Error(), Offender: s.peer, Cause: err}
	}
	return nil
}

// write runs the writing goroutine: what is queued, and a heartbeat per tick.
func (s *WorkStream) write(t terms) {
	tick := time.NewTicker(t.interval())
	defer tick.Stop()
	err := s.out.run(patientWriter{s.conn, t.patience()}, tick.C, func() { s.beat(t.status) })
	if err != nil {
		s.fail(err)
		_ = s.conn.ResetWithError(network.StreamShutdown) // also when Close was under way
	}
}

// beat offers a heartbeat. With a full queue there is no need for one.
func (s *WorkStream) beat(status func() Heartbeat) {
	var h Heartbeat
	if status != nil {
		h = status()
	}
	frame, err := encodeMessage(&h)
	if err != nil {
		s.fail(err)
		return
	}
	_, _ = s.out.offer(frame)
}
