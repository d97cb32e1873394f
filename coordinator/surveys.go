package coordinator

import (
	"context"
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/readmodel"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/survey"
	"github.com/krako-labs/krako/coordinator/transparency"
	"github.com/krako-labs/krako/internal/blob"
)

// write writes the survey down as it is now and has the loop record it.
func (p *projector) write(ctx context.Context) {
	b, err := p.survey.Encode(p.c.parts.Log.Cluster())
	if err == nil {
		rec := session.Survey{At: uint64(p.survey.At)}
		if rec.Checkpoint, err = p.c.sign(p.survey.Tree.Size(), p.survey.Tree.Root()); err == nil {
			p.c.tellers.Go(func() { p.c.keepSurvey(ctx, blob.Node(b), rec) })
			return
		}
	}
	// A log without a survey is sound, only slower to take up.
	p.c.log.Error("survey not made", "record", p.survey.At, "error", err)
}

func (c *Coordinator) keepSurvey(ctx context.Context, b blob.Block, rec session.Survey) {
	// The blocks are durable before the record that names them.
	err := c.parts.Blocks.Put(ctx, b)
	rec.CID = contracts.Link{Cid: b.CID}
	if err == nil {
		err = c.keepDocket(ctx)
	}
	if err == nil {
		err = c.post(ctx, func(st *state) {
			rec.Docket = st.vet.kept
			st.must(st.commit.add(&session.Record{At: st.now.UnixMicro(), Survey: &rec}, nil))
		})
	}
	if err != nil {
		c.log.Debug("survey not recorded", "record", rec.At, "error", err)
	}
}

// sign makes the checkpoint of a size and root; without a key there is none.
func (c *Coordinator) sign(size int64, root transparency.Hash) ([]byte, error) {
	if c.parts.Key == nil {
		return nil, nil
	}
	return c.parts.Key.Sign(transparency.Checkpoint{Origin: transparency.Origin(c.parts.Log.Cluster()), Size: size, Root: root})
}

// resume takes the newest survey up, if there is one that can be read.
func (p *projector) resume(ctx context.Context) error {
	at, err := p.c.parts.Sessions.Position(ctx)
	if err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	if at.Through > p.c.parts.Log.Last() {
		// It saw records that the log does not have: it is not of this log.
		return contracts.Errorf(contracts.CodeConflict, "read model",
			"has folded %d records, the log has %d; delete the file and start again", at.Through, p.c.parts.Log.Last())
	}
	if !at.Survey.Defined() {
		return p.begin(ctx)
	}
	s, docket, err := p.load(ctx, at.Survey.String(), at.SurveyRecord)
	if err != nil {
		p.c.log.Warn("survey cannot be used, folding the whole log", "survey", at.Survey, "error", err)
		return p.begin(ctx)
	}
	p.change.Position = at
	p.goOn(s, docket)
	return nil
}

// load reads the survey that the record at names, holding it against the log, and
// says which snapshot of the docket the record names.
func (p *projector) load(ctx context.Context, want string, at eventlog.Offset) (s *survey.Survey, docket contracts.Link, err error) {
	var named *session.Survey
	err = p.c.parts.Log.Read(ctx, at, func(rec eventlog.Record) error {
		r, err := session.DecodeRecord(rec.Data)
		if err == nil {
			named, err = r.Survey, errEnough
		}
		return err
	})
	if err != nil && err != errEnough {
		return nil, docket, err
	}
	if named == nil || named.CID.String() != want {
		return nil, docket, contracts.Errorf(contracts.CodeConflict, "survey", "record %d does not name it", at)
	}
	block, err := p.c.parts.Blocks.Get(ctx, named.CID.Cid)
	if err != nil {
		return nil, docket, err
	}
	s, err = survey.Decode(p.c.parts.Log.Cluster(), block)
	if err == nil && uint64(s.At) != named.At {
		err = contracts.Errorf(contracts.CodeConflict, "survey", "is of record %d, not %d", s.At, named.At)
	}
	return s, named.Docket, err
}

// FoldReadModel brings a read model up to the end of a log, from the log's first
// record that is kept; blocks are the log's. No coordinator may be running.
func FoldReadModel(ctx context.Context, log eventlog.Log, blocks Blocks, m *readmodel.Model) error {
	p := newProjector(&Coordinator{parts: Parts{Log: log, Blocks: blocks, Sessions: m}})
	if err := p.begin(ctx); err != nil {
		return err
	}
	return p.catchUp(ctx)
}

// catchUp folds the log from the survey to its end.
func (p *projector) catchUp(ctx context.Context) error {
	err := p.c.parts.Log.Read(ctx, p.survey.At+1, func(rec eventlog.Record) error {
		var r session.Record
		if _, fact := session.Peek(rec.Data); fact != session.FactDispatched && fact != session.FactReturned {
			// The two that are left out are half of the log and say nothing that a
			// survey holds.
			var err error
			if r, err = session.DecodeRecord(rec.Data); err != nil {
				return fmt.Errorf("record %d: %w", rec.Offset, err)
			}
		}
		p.fold(rec.Data, &r)
		if len(p.change.Sessions) >= maxChange || len(p.change.Nodes) >= maxChange {
			return p.flush(ctx)
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.edge.Store(&edge{p.survey.Tree.Size(), p.survey.Tree.Edge()})
	return p.flush(ctx)
}
