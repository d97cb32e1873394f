package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/p2p"
)

// session is the coordinator's end of one work stream.
type session struct {
	*p2p.WorkStream
	c     *fakeCoordinator
	in    chan p2p.Message
	aside []p2p.Message // came while credit was waited for
	leave chan error
}

func (s *session) receive() {
	defer close(s.in)
	for {
		m, err := s.Recv()
		if err != nil {
			return
		}
		s.in <- m
	}
}

// expect returns the next message of a type and passes over all others, but not
// for ever: heartbeats always come.
func expect[M p2p.Message](s *session) M {
	s.c.t.Helper()
	var passed []string
	for end := time.Now().Add(patience); time.Now().Before(end); {
		var m p2p.Message
		if len(s.aside) > 0 {
			m, s.aside = s.aside[0], s.aside[1:]
		} else {
			m = next[M](s)
		}
		if want, ok := m.(M); ok {
			return want
		}
		if _, beat := m.(*p2p.Heartbeat); !beat {
			passed = append(passed, fmt.Sprintf("%T%+v", m, m))
		}
	}
	s.c.t.Fatalf("no %T came, but %s", *new(M), strings.Join(passed, ", "))
	return *new(M)
}

// next returns the next message on the way to one of a type.
func next[M p2p.Message](s *session) p2p.Message {
	s.c.t.Helper()
	select {
	case m, ok := <-s.in:
		if !ok {
			s.c.t.Fatalf("stream ended before a %T: %v", *new(M), s.Err())
		}
		return m
	case <-time.After(patience):
		s.c.t.Fatalf("no %T came", *new(M))
	}
	return nil
}

// beat waits for a heartbeat that says what the test waits for.
func (s *session) beat(says func(*p2p.Heartbeat) bool) {
	s.c.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if says(expect[*p2p.Heartbeat](s)) {
			return
		}
	}
	s.c.t.Fatal("no heartbeat says what is waited for")
}

// run assigns a unit that does not end and waits until it has a slot.
func (s *session) run(lease uint64, v *contracts.Invocation) {
	s.c.t.Helper()
	s.assign(lease, v)
	s.beat(func(h *p2p.Heartbeat) bool {
		return slices.Contains(h.Running, lease) && h.LoadPercent > 0
	})
}

func (s *session) send(m p2p.Message) {
	s.c.t.Helper()
	if err := s.Send(context.Background(), m); err != nil {
		s.c.t.Fatalf("send %T: %v", m, err)
	}
}

// assign waits for credit and hands out a unit.
func (s *session) assign(lease uint64, v *contracts.Invocation) {
	s.c.t.Helper()
	s.give(p2p.Unit{Lease: lease, Epoch: 7, Attempt: 1, Invocation: block(s.c.t, v)})
}

func (s *session) give(u p2p.Unit) {
	s.c.t.Helper()
	for s.Credit() == 0 {
		s.aside = append(s.aside, next[*p2p.Credit](s))
	}
	s.send(&p2p.Assign{Units: []p2p.Unit{u}})
}

// delivered is one result, verified, with its output if that came along.
type delivered struct {
	contracts.Result
	observed contracts.Observed
	seq      uint64
	output   []byte
}

// results waits for the results of n leases, verifies and acknowledges them.
func (s *session) results(n int) map[uint64]delivered {
	s.c.t.Helper()
	all := make(map[uint64]delivered)
	for len(all) < n {
		m := expect[*p2p.Results](s)
		for lease, d := range s.c.open(s.Peer(), m) {
			if _, twice := all[lease]; twice {
				s.c.t.Errorf("lease %d was delivered twice", lease)
			}
			all[lease] = d
			s.send(&p2p.Ack{Seq: d.seq})
		}
	}
	return all
}

// open checks everything that a coordinator checks of a batch.
func (c *fakeCoordinator) open(peer string, m *p2p.Results) map[uint64]delivered {
	c.t.Helper()
	b, err := contracts.OpenBatch(m.Batch)
	if err != nil {
		c.t.Fatalf("open batch: %v", err)
	}
	if b.Cluster != c.cluster || string(b.Node) != peer || len(b.Results) != len(m.Items) {
		c.t.Fatalf("batch of %s in %s with %d results, %d items", b.Node, b.Cluster, len(b.Results), len(m.Items))
	}
	outputs := make(map[cid.Cid][]byte)
	for _, o := range m.Outputs {
		if err := dagcbor.Verify(o.CID.Cid, o.Data); err != nil {
			c.t.Errorf("output: %v", err)
		}
		outputs[o.CID.Cid] = o.Data
	}
	all := make(map[uint64]delivered)
	for i, item := range b.Results {
		r, id, err := contracts.DecodeResult(m.Items[i])
		if err != nil || !id.Equals(item.ResultCID.Cid) {
			c.t.Fatalf("item %d is %s, signed is %s: %v", i, id, item.ResultCID, err)
		}
		d := delivered{Result: *r, observed: item.Observed, seq: b.Seq}
		if r.Output != nil {
			d.output = outputs[r.Output.Cid]
		}
		all[item.Observed.Lease] = d
	}
	return all
}

// wantFault checks the next fault.
func (s *session) wantFault(lease uint64, code contracts.Code, mentions string) {
	s.c.t.Helper()
	f := expect[*p2p.Fault](s)
	if f.Lease != lease || f.Code != code || !strings.Contains(f.Message, mentions) {
		s.c.t.Errorf("fault of lease %d: %s: %s; want lease %d, %s, mentioning %q", f.Lease, f.Code, f.Message, lease, code, mentions)
	}
}
