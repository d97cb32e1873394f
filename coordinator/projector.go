package coordinator

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/readmodel"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/survey"
	"github.com/krako-labs/krako/coordinator/transparency"
)

// projector folds what has become durable into the survey and the read model,
// behind the committer. It is owned by one goroutine: at a start the one that
// rebuilds, then its own.
type projector struct {
	c      *Coordinator
	survey *survey.Survey
	change readmodel.Change // not in the read model yet
	in     chan committed

	// indexed is the last record that the read model holds.
	indexed atomic.Uint64
	// edge is the tree as of the last record that the read model holds: so far
	// proofs can be made.
	edge atomic.Pointer[edge]
	// surveyed is where the last survey was made, or tried.
	surveyed eventlog.Offset
	// docket is the snapshot of the docket that the last survey's record names.
	docket contracts.Link
}

// edge is the right edge of the log's Merkle tree at one size.
type edge struct {
	size   int64
	hashes []transparency.Hash
}

// committed is a stretch of the log that is durable.
type committed struct {
	first   eventlog.Offset
	data    [][]byte
	records []session.Record
}

const (
	// maxChange bounds the sessions in one transaction of the read model, and
	// linger how long one waits for others.
	maxChange = 4096
	linger    = 100 * time.Millisecond
	// backlog is how many batches may wait to be folded. The committer waits
	// when it is full.
	backlog = 64
)

func newProjector(c *Coordinator) *projector {
	p := &projector{c: c, survey: survey.New(), in: make(chan committed, backlog)}
	p.edge.Store(&edge{})
	return p
}

// fold takes one record; the read model learns of it with the next flush.
func (p *projector) fold(data []byte, r *session.Record) {
	closing := p.survey.Fold(data, r, func(n transparency.Node) { p.change.Nodes = append(p.change.Nodes, n) })
	if closing != nil {
		p.change.Sessions = append(p.change.Sessions, rowOf(closing))
	}
	if r.Survey != nil {
		p.change.Survey, p.change.SurveyRecord = r.Survey.CID.Cid, p.survey.At
		p.surveyed = max(p.surveyed, eventlog.Offset(r.Survey.At))
		p.docket = r.Survey.Docket
	}
	p.change.Through = p.survey.At
}

// rowOf is what the read model keeps of a session.
func rowOf(c *survey.Closing) readmodel.Session {
	a, ended := c.Accepted, contracts.Time{Time: time.UnixMicro(c.Ended).UTC()}
	return readmodel.Session{
		Graph: a.Graph.Cid, Result: c.Closed.Result.Cid, First: c.First, Last: c.Last,
		SessionSummary: contracts.SessionSummary{
			SessionID: c.ID, TenantID: a.Tenant, GraphID: a.GraphID, RequestID: a.RequestID, GraphCID: a.Graph.String(),
			State: c.Closed.State, Units: c.Closed.Units, StartedAt: contracts.Time{Time: time.UnixMicro(c.Opening.At).UTC()}, EndedAt: &ended,
		},
	}
}

// flush brings the read model up to the last record folded.
func (p *projector) flush(ctx context.Context) error {
	if p.change.Through == eventlog.Offset(p.indexed.Load()) {
		return nil
	}
	if err := p.c.parts.Sessions.Apply(ctx, &p.change); err != nil {
		return fmt.Errorf("bring read model to record %d: %w", p.change.Through, err)
	}
	p.indexed.Store(uint64(p.change.Through))
	p.edge.Store(&edge{p.survey.Tree.Size(), p.survey.Tree.Edge()})
	p.change = readmodel.Change{Position: p.change.Position}
	return nil
}

// run folds what the committer hands over until that closes the channel. A read
// model that cannot be written is tried again: what it lacks stays in memory, and
// submissions are refused before that is too much.
func (p *projector) run(ctx context.Context) {
	tick := time.NewTicker(linger)
	defer tick.Stop()
	for {
		select {
		case b, ok := <-p.in:
			if !ok {
				p.attempt(ctx)
				return
			}
			p.take(ctx, b)
			if len(p.change.Sessions) < maxChange {
				continue
			}
		case <-tick.C:
		}
		p.attempt(ctx)
	}
}

func (p *projector) take(ctx context.Context, b committed) {
	for i := range b.records {
		p.fold(b.data[i], &b.records[i])
	}
	if p.due() {
		p.surveyed = p.survey.At
		p.write(ctx)
	}
}

// attempt flushes also at an orderly stop, when ctx has ended: what is left would
// only have to be folded again.
func (p *projector) attempt(ctx context.Context) {
	if err := p.flush(context.WithoutCancel(ctx)); err != nil {
		p.c.log.Error("read model is behind", "error", err)
	}
}

// due reports whether another survey is worth its bytes: a large one has to wait
// for as many records as make it a few hundredths of the log.
func (p *projector) due() bool {
	size := eventlog.Offset(len(p.survey.Nodes) + len(p.survey.Open))
	return p.survey.At-p.surveyed >= max(p.c.cfg.SurveyEvery, 128*size)
}
