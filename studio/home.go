package studio

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/ipfs/go-cid"
	"golang.org/x/sync/errgroup"

	"github.com/krako-labs/krako/contracts"
)

// Bounds of what is fetched of a run that is over: of how many units, for how long,
// and at how many at once. The rest is fetched when somebody looks at it.
const (
	homeUnits  = 256
	homeIn     = 10 * time.Second
	homeAtOnce = 8
)

// bringHome fetches the receipts and outputs of a run on a fabric, so that it can be
// checked here, and later, without the fabric. What cannot be had now is fetched when
// it is looked at.
func (s *Server) bringHome(ctx context.Context, rec *record) {
	res := rec.Reply.Result
	if rec.Gateway == "" || res == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, homeIn)
	defer cancel()
	blocks := s.blocksOf(rec)
	var mu sync.Mutex
	var each errgroup.Group
	each.SetLimit(homeAtOnce)
	for i := range res.Telemetry.Tasks[:min(len(res.Telemetry.Tasks), homeUnits)] {
		t := &res.Telemetry.Tasks[i]
		if t.ResultCID == "" {
			continue
		}
		each.Go(func() error {
			batch, err := s.receipt(ctx, rec, t)
			if err == nil && t.Output != nil {
				_, err = blocks.GetBlock(ctx, t.Output.CID.Cid)
			}
			if err != nil {
				s.log.Info("result not fetched", "run", rec.Reply.RunID, "unit", t.TaskID, "error", err)
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			if !slices.ContainsFunc(rec.Sealed, func(b []byte) bool { return bytes.Equal(b, batch) }) {
				rec.Sealed = append(rec.Sealed, batch)
			}
			return nil
		})
	}
	_ = each.Wait() // none of them returns an error
}

// receipt returns the signed batch that a unit's result stands in: one that is kept,
// or the fabric's. Whether it holds is for proof to say.
func (s *Server) receipt(ctx context.Context, rec *record, t *contracts.TaskTelemetry) ([]byte, error) {
	for _, b := range rec.Sealed {
		if batch, err := contracts.OpenBatch(b); err == nil &&
			slices.ContainsFunc(batch.Results, func(i contracts.BatchItem) bool { return i.ResultCID.String() == t.ResultCID }) {
			return b, nil
		}
	}
	a, c, _, err := s.far.reach()
	if err != nil {
		return nil, err
	}
	if a.URL != rec.Gateway {
		return nil, contracts.Errorf(contracts.CodeNotFound, rec.Gateway, "this ran on a fabric that Studio is not connected to any more")
	}
	r, err := c.Receipt(ctx, rec.Reply.Result.Telemetry.ExecutionSessionID, t.TaskID)
	if err != nil {
		return nil, err
	}
	for _, b := range [][]byte{r.Result, r.Unit} {
		if _, err := s.o.Engine.Blocks.PutBlock(ctx, cid.DagCBOR, b); err != nil {
			return nil, err
		}
	}
	return r.Batch, nil
}

// blocksOf are the blocks of a run: those here, and, of a run on a fabric, its own.
func (s *Server) blocksOf(rec *record) contracts.BlockStore {
	if rec.Gateway == "" || rec.Reply == nil || rec.Reply.Result == nil {
		return s.o.Engine.Blocks
	}
	return &distant{s.o.Engine.Blocks, s, rec}
}

// distant adds to the blocks here those of a session elsewhere, and keeps them.
type distant struct {
	contracts.BlockStore
	s   *Server
	rec *record
}

// GetBlock implements contracts.BlockStore.
func (d *distant) GetBlock(ctx context.Context, id cid.Cid) ([]byte, error) {
	data, err := d.BlockStore.GetBlock(ctx, id)
	if contracts.CodeOf(err) != contracts.CodeNotFound {
		return data, err
	}
	a, c, _, far := d.s.far.reach()
	if far != nil || a.URL != d.rec.Gateway {
		return nil, err
	}
	data, err = c.BlockOf(ctx, d.rec.Reply.Result.Telemetry.ExecutionSessionID, id)
	if err == nil {
		_, err = d.BlockStore.PutBlock(ctx, id.Prefix().Codec, data)
	}
	return data, err
}

// Placement says where a unit of a run could go.
type Placement struct {
	State      string      `json:"state"`
	Reason     string      `json:"reason"`
	Node       string      `json:"node"`
	Eligible   int         `json:"eligible"`
	Total      int         `json:"total"`
	Candidates []Candidate `json:"candidates" nullable:"false"`
}

// Candidate is a node as it looks for one unit. The score is the weighted sum of the
// parts behind it, each from 0 to 1.
type Candidate struct {
	Node        string  `json:"node"`
	Verdict     string  `json:"verdict"`
	Score       float64 `json:"score"`
	Headroom    float64 `json:"headroom"`
	Load        float64 `json:"load"`
	Reliability float64 `json:"reliability"`
	Locality    float64 `json:"locality"`
	Held        int     `json:"held"`
}

// mostCandidates bounds the candidates that the page is told of.
const mostCandidates = 20

// placement asks the fabric about a unit that is running there.
func (s *Server) placement(ctx context.Context, in *unitInput) (Placement, error) {
	v := Placement{Candidates: []Candidate{}}
	f, ok := s.live.find(in.ID)
	if !ok {
		return v, contracts.Errorf(contracts.CodeNotFound, in.ID, "this run is over: nothing is placed any more")
	}
	session, _ := f.session()
	_, _, look, err := s.far.reach()
	if err != nil || session == "" {
		return v, contracts.Errorf(contracts.CodeNotFound, in.Unit, "this unit runs on no fabric")
	}
	p, err := look.Explain(ctx, session, contracts.UnitID(in.Unit))
	if err != nil {
		return v, err
	}
	v.State, v.Reason, v.Node, v.Eligible, v.Total = string(p.State), p.Reason, string(p.Node), p.Eligible, p.Total
	for _, c := range p.Candidates[:min(len(p.Candidates), mostCandidates)] {
		v.Candidates = append(v.Candidates, Candidate{string(c.NodeID), c.Verdict, c.Score, c.Headroom, c.Load, c.Reliability, c.Locality, c.Held})
	}
	return v, nil
}
