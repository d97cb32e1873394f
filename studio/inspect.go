package studio

import (
	"context"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/layout"
	"github.com/krako-labs/krako/studio/proof"
)

func (s *Server) getRun(ctx context.Context, in *idInput) (Run, error) {
	rec, events, ok, err := s.recall(ctx, in.ID)
	if err != nil {
		return Run{}, err
	}
	if ok {
		return s.view(in.ID, rec, events), nil
	}
	if f, ok := s.live.find(in.ID); ok {
		if frames, _, _ := f.after(0); len(frames) > 0 {
			var v Run
			return v, json.Unmarshal(frames[0].data, &v)
		}
	}
	return Run{ID: in.ID, State: "running", Kind: "none", Decisions: []Because{}, Units: []Unit{}, Executors: []string{}}, nil
}

func (s *Server) stopRun(_ context.Context, in *idInput) (none, error) {
	if f, ok := s.live.find(in.ID); ok {
		f.cancel()
	}
	return none{}, nil
}

func (s *Server) runEvents(ctx context.Context, in *idInput) ([]Event, error) {
	_, events, err := s.finished(ctx, in.ID)
	return listed(events), err
}

type drawingInput struct {
	ID        string `path:"id" maxLength:"64"`
	Direction string `query:"direction" enum:"lr,tb" default:"lr"`
	// Collapse draws each stage as one box but those that Expand names.
	Collapse bool  `query:"collapse"`
	Expand   []int `query:"expand" maxItems:"4096"`
}

func (s *Server) drawing(ctx context.Context, in *drawingInput) (*layout.Drawing, error) {
	units, err := s.unitsOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	g := &contracts.TaskGraph{WorkUnits: make([]contracts.WorkUnit, len(units))}
	marks := make(layout.Marks, len(units))
	for i, u := range units {
		w := &g.WorkUnits[i]
		w.ID, w.Type = contracts.UnitID(u.ID), contracts.UnitType(u.Type)
		marks[w.ID] = contracts.UnitState(u.Status)
		for _, d := range u.Dependencies {
			w.Dependencies = append(w.Dependencies, contracts.UnitID(d))
		}
	}
	v, err := layout.Of(g, marks)
	if err != nil {
		return nil, err
	}
	var stages []layout.Stage
	if in.Collapse {
		if v, stages, err = v.Collapse(in.Expand...); err != nil {
			return nil, err
		}
	}
	d, err := v.Draw(layout.Options{Direction: layout.Direction(in.Direction)})
	if err != nil {
		return nil, err
	}
	d.Stages = stages
	return d, nil
}

// unitsOf are the units of a run, under way or not.
func (s *Server) unitsOf(ctx context.Context, id string) ([]Unit, error) {
	r, err := s.getRun(ctx, &idInput{id})
	return r.Units, err
}

type unitInput struct {
	ID   string `path:"id" maxLength:"64"`
	Unit string `path:"unit" maxLength:"256"`
}

// Detail is a unit with what went in and what came out.
type Detail struct {
	// Declared is the unit as it stands in the graph.
	Declared any `json:"declared"`
	// Input is what it was run with: the literal input and what was bound to it.
	Input any `json:"input"`
	// Output is what came out, as text, cut off after some.
	Output    string `json:"output"`
	MediaType string `json:"media_type"`
	Cut       bool   `json:"cut"`
	Schema    any    `json:"schema"`
	// Placement are the events that say where it ran and why.
	Placement []Event `json:"placement" nullable:"false"`
	// Checker is the program that must find each result valid, empty without one; Checks
	// are what it found.
	Checker string  `json:"checker"`
	Checks  []Check `json:"checks" nullable:"false"`
}

const shownBytes = 64 << 10

func (s *Server) unit(ctx context.Context, in *unitInput) (Detail, error) {
	rec, events, err := s.finished(ctx, in.ID)
	if err != nil {
		return Detail{}, err
	}
	u, t, err := find(in, rec)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Declared: u, Input: u.Input, Schema: u.OutputSchema, Placement: []Event{}, Checker: programOf(u.VerifyWith), Checks: checksOf(u, t, events)}
	if u.Model != nil {
		d.Input = u.Model
	} else if input, ok := s.input(ctx, s.blocksOf(rec), t); ok {
		d.Input = input
	}
	if t != nil && t.Output != nil {
		data, err := s.blocksOf(rec).GetBlock(ctx, t.Output.CID.Cid)
		if err != nil {
			return d, err
		}
		d.Output, d.MediaType, d.Cut = shown(data), t.Output.MediaType, len(data) > shownBytes
	}
	for _, e := range listed(events) {
		if e.Unit == in.Unit {
			d.Placement = append(d.Placement, e)
		}
	}
	return d, nil
}

// input reads what a unit was run with from its block.
func (s *Server) input(ctx context.Context, blocks contracts.BlockStore, t *contracts.TaskTelemetry) (any, bool) {
	if t == nil {
		return nil, false
	}
	id, err := cid.Decode(t.UnitCID)
	if err != nil {
		return nil, false
	}
	block, err := blocks.GetBlock(ctx, id)
	if err != nil {
		return nil, false
	}
	v, _, err := contracts.DecodeInvocation(block)
	if err != nil {
		return nil, false
	}
	raw := v.Input.Inline
	if v.Input.Link.Defined() {
		if raw, err = blocks.GetBlock(ctx, v.Input.Link.Cid); err != nil {
			return nil, false
		}
	}
	if len(raw) > shownBytes || !json.Valid(raw) {
		return shown(raw), true
	}
	return json.RawMessage(raw), true
}

func shown(data []byte) string {
	data = data[:min(len(data), shownBytes)]
	if !utf8.Valid(data) {
		for i := 0; i < utf8.UTFMax && len(data) > 0 && !utf8.Valid(data); i++ {
			data = data[:len(data)-1] // a character that was cut in two
		}
	}
	if !utf8.Valid(data) {
		return "(not text)"
	}
	return string(data)
}

// find returns a unit of a run, and how it fared; nil where it was never asked for.
func find(in *unitInput, rec *record) (*contracts.WorkUnit, *contracts.TaskTelemetry, error) {
	g, err := graphOf(in.ID, rec)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(g.WorkUnits, func(u contracts.WorkUnit) bool { return string(u.ID) == in.Unit })
	if i < 0 {
		return nil, nil, contracts.Errorf(contracts.CodeNotFound, in.Unit, "the run has no such unit")
	}
	if r := rec.Reply.Result; r != nil && i < len(r.Telemetry.Tasks) {
		return &g.WorkUnits[i], &r.Telemetry.Tasks[i], nil
	}
	return &g.WorkUnits[i], nil, nil
}

func (s *Server) checkUnit(ctx context.Context, in *unitInput) ([]proof.Step, error) {
	rec, _, err := s.finished(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	_, t, err := find(in, rec)
	if err != nil {
		return nil, err
	}
	if t == nil || t.ResultCID == "" {
		return nil, contracts.Errorf(contracts.CodeNotFound, in.Unit, "this unit left no result")
	}
	sealed := rec.Sealed
	if rec.Gateway != "" {
		b, err := s.receipt(ctx, rec, t)
		if err != nil {
			return nil, err
		}
		sealed = [][]byte{b}
	}
	return proof.Check(ctx, s.blocksOf(rec), t, sealed), nil
}

// Repeat says for every unit whether it came out the same again.
type Repeat struct {
	Same  int          `json:"same"`
	Other int          `json:"other"`
	Units []RepeatUnit `json:"units" nullable:"false"`
	// Skipped counts units that ask a model: they may say something else.
	Skipped int `json:"skipped"`
}

// RepeatUnit is one unit of both runs.
type RepeatUnit struct {
	ID     string `json:"id"`
	Before string `json:"before"`
	After  string `json:"after"`
	Same   bool   `json:"same"`
}

// repeat runs a run's graph again, as a request of its own. Only graphs without
// model calls are run: others cost, and need not come out the same. Results that are
// known are no answer to whether they come out the same: every unit is run.
func (s *Server) repeat(ctx context.Context, in *idInput) (Repeat, error) {
	rec, _, err := s.finished(ctx, in.ID)
	if err != nil {
		return Repeat{}, err
	}
	g, err := graphOf(in.ID, rec)
	if err != nil {
		return Repeat{}, err
	}
	if rec.Reply.Result == nil {
		return Repeat{}, contracts.Errorf(contracts.CodeConflict, in.ID, "this run left no result to compare with")
	}
	again := *g
	again.RequestID, again.GraphID = uuid.Must(uuid.NewV7()).String(), uuid.Must(uuid.NewV7()).String()
	again.WorkUnits = slices.Clone(g.WorkUnits)
	for i := range again.WorkUnits {
		again.WorkUnits[i].Idempotent = new(false)
		if !again.WorkUnits[i].Type.CPU() {
			return Repeat{}, contracts.Errorf(contracts.CodeUnsupported, string(again.WorkUnits[i].ID), "asks a model, which may answer otherwise")
		}
	}
	res, err := s.o.Engine.Backend.Execute(ctx, &again, contracts.ExecutionContext{RunID: again.RequestID}, nil)
	if err != nil {
		return Repeat{}, err
	}
	out := Repeat{Units: []RepeatUnit{}}
	before := rec.Reply.Result.Telemetry.Tasks
	for i, t := range res.Telemetry.Tasks {
		if t.Cached {
			return Repeat{}, contracts.Errorf(contracts.CodeInternal, string(t.TaskID), "was not run again")
		}
		u := RepeatUnit{ID: string(t.TaskID), Before: before[i].ResultCID, After: t.ResultCID}
		if u.Same = u.Before == u.After; u.Same {
			out.Same++
		} else {
			out.Other++
		}
		out.Units = append(out.Units, u)
	}
	return out, nil
}
