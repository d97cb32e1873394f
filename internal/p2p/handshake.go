package p2p

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/libp2p/go-libp2p/core/network"
)

// handshakeTimeout bounds each wait of the coordinator's half of a handshake;
// the worker waits for two of them, because its predecessor may have to end.
const handshakeTimeout = 10 * time.Second

// opening is a stream on which the handshake is under way.
type opening struct {
	conn   conn
	reader *patientReader
	buf    *bufio.Reader
	in     frameReader
}

func newOpening(c conn, patience time.Duration) *opening {
	r := newPatientReader(c, patience)
	buf := r.buffered()
	return &opening{conn: c, reader: r, buf: buf, in: frameReader{r: buf, max: maxHandshake}}
}

// read returns the next message. The error is ErrUnexpected when it is of none
// of the given types.
func (o *opening) read(allowed ...frameType) (Message, error) {
	o.reader.renew()
	t, body, err := o.in.next()
	if err != nil {
		return nil, err
	}
	for _, a := range allowed {
		if t == a {
			return decodeMessage(t, body)
		}
	}
	return nil, fmt.Errorf("%w: frame type %d in the handshake", ErrUnexpected, t)
}

func (o *opening) write(m Message) error {
	frame, err := encodeMessage(m)
	if err != nil {
		return err
	}
	_, err = patientWriter{o.conn, o.reader.patience}.Write(frame)
	return err
}

// refuse tells the worker why it is turned away and closes the stream.
func (o *opening) refuse(reason error) {
	code, message := describe(reason)
	if err := o.write(&Refuse{Code: code, Message: message}); err != nil {
		o.reset(err)
		return
	}
	_ = o.conn.Close()
}

func (o *opening) reset(err error) {
	code := network.StreamShutdown
	if isViolation(err) {
		code = network.StreamProtocolViolation
	}
	_ = o.conn.ResetWithError(code)
}

// readHello is the coordinator's first step.
func (o *opening) readHello(peer string) (*Hello, error) {
	m, err := o.read(typeHello)
	if err != nil {
		o.reset(err)
		return nil, err
	}
	hello := m.(*Hello)
	if hello.V != WorkVersion {
		err := contracts.Errorf(contracts.CodeVersionMismatch, peer,
			"work stream version %d is not supported, only %d", hello.V, WorkVersion)
		o.refuse(err)
		return nil, err
	}
	return hello, nil
}

// openWork is the worker's half of the handshake on c. It resets c on failure.
// Errors are *contracts.Error, ErrRefused with the coordinator's code.
func openWork(ctx context.Context, c conn, t terms) (*WorkStream, error) {
	o := newOpening(c, 2*handshakeTimeout)
	watch := context.AfterFunc(ctx, func() { _ = c.ResetWithError(network.StreamShutdown) })
	welcome, err := o.introduce(t)
	if !watch() && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		o.reset(err)
		return nil, handshakeError(t.peer, err)
	}
	t.self, t.welcome = worker, *welcome
	return startWork(c, o.reader, o.buf, t), nil
}

func (o *opening) introduce(t terms) (*Welcome, error) {
	if err := o.write(&t.hello); err != nil {
		return nil, err
	}
	m, err := o.read(typeWelcome, typeRefuse)
	if err != nil {
		return nil, err
	}
	if r, ok := m.(*Refuse); ok {
		err := fmt.Errorf("%w: %s", ErrRefused, r.Message)
		return nil, &contracts.Error{Code: r.Code, Message: err.Error(), Offender: t.peer, Cause: err}
	}
	welcome := m.(*Welcome)
	if welcome.V != WorkVersion {
		return nil, contracts.Errorf(contracts.CodeVersionMismatch, t.peer,
			"work stream version %d is not supported, only %d", welcome.V, WorkVersion)
	}
	return welcome, nil
}

func handshakeError(peer string, err error) error {
	if !isKnown(err) {
		err = fmt.Errorf("%w: %w", ErrLost, err)
	}
	return peerError(peer, err)
}
