package studio

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/plan"
	"github.com/krako-labs/krako/studio/proof"
)

// The names of frames. A plan comes first and a done last, which is the whole run
// as it is then: whoever sees only that misses nothing.
const (
	framePlan  = "plan"
	frameEvent = "event"
	frameText  = "text"
	frameDone  = "done"
)

// record is what is kept of a run.
type record struct {
	Reply *kora.Reply `json:"reply,omitempty"`
	// Error says why there is no reply.
	Error *contracts.Error `json:"error,omitempty"`
	// Text is what a model had said when it was stopped.
	Text string `json:"text,omitempty"`
	// Sealed are the signed batches of what ran.
	Sealed [][]byte `json:"sealed,omitempty"`
	// Gateway is that of the fabric on which it ran, empty for this computer.
	Gateway string `json:"gateway,omitempty"`
}

// answer is the text that is shown as the answer.
func (r *record) answer() string {
	if r.Reply != nil && r.Reply.Text != "" {
		return r.Reply.Text
	}
	return r.Text
}

// run plans a request, runs it and writes down what became of it.
func (s *Server) run(ctx context.Context, f *feed, r plan.Request, at *place) {
	r, p := at.engine.Plan(r)
	rec := &record{Gateway: at.gateway}
	v := s.planned(r.ID, &p)
	v.Gateway = at.gateway
	f.add(framePlan, v)
	reply, err := at.engine.Follow(ctx, r, kora.Observer{
		Event: func(e contracts.Event) { f.add(frameEvent, e) },
		Tokens: func(t contracts.Tokens) {
			if answers(&p, t.WorkUnitID) {
				f.say(t.Text, t.Restart)
			}
		},
	})
	if err != nil {
		rec.Reply = &kora.Reply{RunID: r.ID, Kind: p.Kind, Plan: p}
		rec.Error = s.told(ctx, err)
		s.seeOut(ctx, f, rec, at)
	} else {
		rec.Reply = reply
		s.sign(rec)
	}
	s.bringHome(context.WithoutCancel(ctx), rec)
	text, events := f.said()
	if err != nil {
		rec.Text = text
	}
	if err := s.keep(context.WithoutCancel(ctx), r.ID, rec, events); err != nil {
		s.log.Error("run not kept", "run", r.ID, "error", err)
	}
	f.add(frameDone, s.view(r.ID, rec, events))
}

// answers reports whether a unit's output is the answer of a plan: what other
// models say on the way is not for reading.
func answers(p *plan.Plan, unit contracts.UnitID) bool {
	return slices.ContainsFunc(p.Graph.Outputs.Final, func(o contracts.FinalOutput) bool { return o.WorkUnitID == unit })
}

// told is an error as a run keeps it.
func (s *Server) told(ctx context.Context, err error) *contracts.Error {
	p := s.asProblem(ctx, err)
	return contracts.Errorf(p.Code, "", "%s", p.Detail)
}

// sign vouches for what ran in this process. What ran elsewhere is signed there.
func (s *Server) sign(rec *record) {
	res := rec.Reply.Result
	if res == nil || res.Metadata.Backend != localBackend {
		return
	}
	// The clock's nanoseconds rise and are never used twice on one machine, which
	// is all that seq promises.
	seq := uint64(s.o.Now().UnixNano())
	sealed, err := proof.Seal(s.o.Key, res, func() uint64 { seq++; return seq })
	if err != nil {
		s.log.Error("results not signed", "run", rec.Reply.RunID, "error", err)
		return
	}
	rec.Sealed = sealed
}

// localBackend is how kora/localbackend calls itself in results.
const localBackend = "local"

func (s *Server) keep(ctx context.Context, id string, rec *record, events json.RawMessage) error {
	b, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	if events == nil {
		events = json.RawMessage("[]")
	}
	return s.o.History.Answer(ctx, id, rec.answer(), b, events, s.o.Now())
}

// recall reads a run that is over. ok is false while it is under way.
func (s *Server) recall(ctx context.Context, id string) (rec *record, events json.RawMessage, ok bool, err error) {
	r, err := s.o.History.Run(ctx, id)
	if err != nil || len(r.Reply) == 0 {
		return nil, nil, false, err
	}
	rec = &record{}
	return rec, r.Events, true, json.Unmarshal(r.Reply, rec)
}

// finished is recall for what needs a run that has ended.
func (s *Server) finished(ctx context.Context, id string) (*record, json.RawMessage, error) {
	rec, events, ok, err := s.recall(ctx, id)
	if err == nil && !ok {
		err = contracts.Errorf(contracts.CodeConflict, id, "this run is still under way")
	}
	return rec, events, err
}

// graphOf is the graph of a run that had one.
func graphOf(id string, rec *record) (*contracts.TaskGraph, error) {
	if rec.Reply == nil || rec.Reply.Plan.Graph == nil {
		return nil, contracts.Errorf(contracts.CodeNotFound, id, "this run has no graph: nothing was computed")
	}
	return rec.Reply.Plan.Graph, nil
}
