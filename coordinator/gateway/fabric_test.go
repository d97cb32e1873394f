package gateway_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/access"
)

// fabric is a Fabric in memory whose sessions do what a test says. With fail
// set every method fails with it, with fault it panics.
type fabric struct {
	*keyring
	*till
	mu       sync.Mutex
	fail     error
	fault    any
	sessions map[contracts.SessionID]*session
	blocks   map[cid.Cid][]byte
	claims   map[claim]bool
	stored   cid.Cid // what PutBlock answers instead of the truth, if defined
	health   contracts.HealthState

	submitted chan contracts.SessionID // new sessions, as far as it has room
}

type session struct {
	view    contracts.SessionView
	events  []contracts.Event
	result  *contracts.ExecutionResult
	names   cid.Cid       // a block that only the session refers to
	failure error         // what Events fails with after the last event
	changed chan struct{} // closed and replaced by every change
	arrived chan struct{} // one for each look of somebody who waits, as far as it has room
}

func newFabric() *fabric {
	return &fabric{
		keyring:  newKeyring(),
		till:     newTill(),
		claims:   map[claim]bool{},
		sessions: map[contracts.SessionID]*session{},
		blocks:   map[cid.Cid][]byte{},
		health:   contracts.Healthy,

		submitted: make(chan contracts.SessionID, 16),
	}
}

// enter begins a call.
func (f *fabric) enter() error {
	f.mu.Lock()
	if f.fault != nil {
		panic(f.fault)
	}
	return f.fail
}

// check is enter for calls that wait, and so do not keep the lock.
func (f *fabric) check() error {
	defer f.mu.Unlock()
	return f.enter()
}

func (f *fabric) find(id contracts.SessionID) (*session, error) {
	s, ok := f.sessions[id]
	if !ok {
		return nil, contracts.Errorf(contracts.CodeNotFound, string(id), "no such session")
	}
	return s, nil
}

func (f *fabric) Submit(_ context.Context, g *contracts.TaskGraph, _ contracts.SubmissionMetadata) (contracts.SubmitResponse, error) {
	defer f.mu.Unlock()
	if err := f.enter(); err != nil {
		return contracts.SubmitResponse{}, err
	}
	if err := g.Validate(contracts.DefaultLimits()); err != nil {
		return contracts.SubmitResponse{}, err
	}
	c, err := g.CID()
	if err != nil {
		return contracts.SubmitResponse{}, err
	}
	out := contracts.SubmitResponse{Status: contracts.SubmitAccepted, GraphCID: c.String()}
	for id, s := range f.sessions {
		if s.view.RequestID == g.RequestID {
			if s.view.GraphCID != out.GraphCID {
				return out, contracts.Errorf(contracts.CodeConflict, g.RequestID, "the request has another graph")
			}
			out.SessionID, out.Existing = id, true
			return out, nil
		}
	}
	out.SessionID = contracts.SessionID(uuid.Must(uuid.NewV7()).String())
	f.sessions[out.SessionID] = &session{
		view: contracts.SessionView{SessionSummary: contracts.SessionSummary{
			SessionID: out.SessionID, TenantID: g.TenantID, GraphID: g.GraphID, RequestID: g.RequestID,
			GraphCID: out.GraphCID, State: contracts.SessionRunning, StartedAt: moment,
		}},
		changed: make(chan struct{}),
		arrived: make(chan struct{}, 16),
	}
	select {
	case f.submitted <- out.SessionID:
	default:
	}
	return out, nil
}

func (f *fabric) Cancel(_ context.Context, id contracts.SessionID) error {
	defer f.mu.Unlock()
	if err := f.enter(); err != nil {
		return err
	}
	s, err := f.find(id)
	if err == nil && !s.view.State.Final() {
		s.end(contracts.SessionCancelled)
	}
	return err
}

func (f *fabric) Session(_ context.Context, id contracts.SessionID) (contracts.SessionView, error) {
	defer f.mu.Unlock()
	if err := f.enter(); err != nil {
		return contracts.SessionView{}, err
	}
	s, err := f.find(id)
	if err != nil {
		return contracts.SessionView{}, err
	}
	return s.view, nil
}

func (f *fabric) Sessions(_ context.Context, t contracts.TenantID, cursor string, limit int) (contracts.SessionList, error) {
	defer f.mu.Unlock()
	var list contracts.SessionList
	if err := f.enter(); err != nil {
		return list, err
	}
	for _, s := range f.sessions {
		if (t == contracts.EveryTenant || s.view.TenantID == t) && (cursor == "" || string(s.view.SessionID) < cursor) {
			list.Sessions = append(list.Sessions, s.view.SessionSummary)
		}
	}
	slices.SortFunc(list.Sessions, func(a, b contracts.SessionSummary) int { return cmp.Compare(b.SessionID, a.SessionID) })
	if len(list.Sessions) > limit {
		list.Sessions = list.Sessions[:limit]
		list.Next = string(list.Sessions[limit-1].SessionID)
	}
	return list, nil
}

func (f *fabric) Events(ctx context.Context, id contracts.SessionID, after string, fn func(contracts.Event) error) error {
	if err := f.check(); err != nil {
		return err
	}
	next := 0
	for first := true; ; first = false {
		f.mu.Lock()
		s, err := f.find(id)
		if err != nil {
			f.mu.Unlock()
			return err
		}
		events, final, changed, failure := s.events, s.view.State.Final(), s.changed, s.failure
		select {
		case s.arrived <- struct{}{}:
		default:
		}
		f.mu.Unlock()
		if first && after != "" {
			at := slices.IndexFunc(events, func(e contracts.Event) bool { return e.ID == after })
			if at < 0 {
				return contracts.Errorf(contracts.CodeNotFound, after, "no such event")
			}
			next = at + 1
		}
		for ; next < len(events); next++ {
			if err := fn(events[next]); err != nil {
				return err
			}
		}
		if final || failure != nil {
			return failure
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f *fabric) Result(ctx context.Context, id contracts.SessionID) (contracts.Document, bool, error) {
	if err := f.check(); err != nil {
		return nil, false, err
	}
	for {
		f.mu.Lock()
		s, err := f.find(id)
		if err != nil {
			f.mu.Unlock()
			return nil, false, err
		}
		result, changed := s.result, s.changed
		select {
		case s.arrived <- struct{}{}:
		default:
		}
		f.mu.Unlock()
		if result != nil {
			doc, err := json.Marshal(result)
			return bytes.NewReader(doc), true, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
}

func (f *fabric) Checkpoint(context.Context) (contracts.LogCheckpoint, error) {
	return contracts.LogCheckpoint{Checkpoint: "krako/log/x\n3\nroot\n", Key: "key"}, f.check()
}

func (f *fabric) Growth(_ context.Context, from int64) (contracts.LogGrowth, error) {
	return contracts.LogGrowth{From: from, Proof: [][]byte{{1}}}, f.check()
}

func (f *fabric) Proof(_ context.Context, id contracts.SessionID) (contracts.LogProof, error) {
	defer f.mu.Unlock()
	if err := f.enter(); err != nil {
		return contracts.LogProof{}, err
	}
	_, err := f.find(id)
	return contracts.LogProof{Record: 3, Data: []byte("record")}, err
}

func (f *fabric) Receipt(_ context.Context, id contracts.SessionID, unit contracts.UnitID) (contracts.Receipt, error) {
	defer f.mu.Unlock()
	if err := f.enter(); err != nil {
		return contracts.Receipt{}, err
	}
	if _, err := f.find(id); err != nil {
		return contracts.Receipt{}, err
	}
	return contracts.Receipt{V: 1, Unit: []byte(unit), Path: [][]byte{{1}}}, nil
}

func (f *fabric) Explain(_ context.Context, id contracts.SessionID, unit contracts.UnitID) (contracts.UnitPlacement, error) {
	defer f.mu.Unlock()
	if err := f.enter(); err != nil {
		return contracts.UnitPlacement{}, err
	}
	if _, err := f.find(id); err != nil {
		return contracts.UnitPlacement{}, err
	}
	return contracts.UnitPlacement{SessionID: id, UnitID: unit, Reason: "it waits for its turn"}, nil
}

func (f *fabric) Trust(_ context.Context, id contracts.NodeID) (contracts.NodeTrust, error) {
	return contracts.NodeTrust{NodeID: id, State: "active", Standing: "member"}, nil
}

func (f *fabric) Order(_ context.Context, by access.Caller, _ contracts.NodeID, _ contracts.NodeOrder) error {
	if !by.Sees(contracts.EveryTenant) {
		return contracts.Errorf(contracts.CodeAuth, by.Key, "nodes serve every tenant")
	}
	return by.Must(contracts.ScopeAdmin)
}

func (f *fabric) Publish(_ context.Context, by access.Caller, p contracts.Publication) (contracts.PublicationView, error) {
	if !by.Sees(contracts.EveryTenant) {
		return contracts.PublicationView{}, contracts.Errorf(contracts.CodeAuth, by.Key, "what is public is so for every tenant")
	}
	return contracts.PublicationView{ID: p.ID(), Publication: p}, p.Check()
}

func (f *fabric) Withdraw(_ context.Context, by access.Caller, id string) error {
	if !by.Sees(contracts.EveryTenant) {
		return contracts.Errorf(contracts.CodeAuth, by.Key, "what is public is so for every tenant")
	}
	if id != "p" {
		return contracts.Errorf(contracts.CodeNotFound, id, "no such publication")
	}
	return nil
}

func (f *fabric) Publications(context.Context) (contracts.PublicationList, error) {
	return contracts.PublicationList{}, f.check()
}

func (f *fabric) NewNodeToken(_ context.Context, by access.Caller, r contracts.NodeTokenRequest) (contracts.NodeTokenCreated, error) {
	if !by.Sees(contracts.EveryTenant) {
		return contracts.NodeTokenCreated{}, contracts.Errorf(contracts.CodeAuth, by.Key, "nodes serve every tenant")
	}
	return contracts.NodeTokenCreated{NodeTokenView: contracts.NodeTokenView{ID: "t", Operator: r.Operator}, Token: "kn_t_secret"}, contracts.CheckOperator(r.Operator)
}

func (f *fabric) RevokeNodeToken(_ context.Context, by access.Caller, id string) error {
	if !by.Sees(contracts.EveryTenant) {
		return contracts.Errorf(contracts.CodeAuth, by.Key, "nodes serve every tenant")
	}
	if id != "t" {
		return contracts.Errorf(contracts.CodeNotFound, id, "no such token")
	}
	return nil
}

func (f *fabric) NodeTokens(_ context.Context, by access.Caller) (contracts.NodeTokenList, error) {
	if !by.Sees(contracts.EveryTenant) {
		return contracts.NodeTokenList{}, contracts.Errorf(contracts.CodeAuth, by.Key, "nodes serve every tenant")
	}
	return contracts.NodeTokenList{Tokens: []contracts.NodeTokenView{{ID: "t", Operator: "chemistry"}}}, nil
}

func (f *fabric) Operators(context.Context) (contracts.OperatorList, error) {
	return contracts.OperatorList{}, f.check()
}

func (f *fabric) Nodes(context.Context) (contracts.NodeList, error) {
	defer f.mu.Unlock()
	return contracts.NodeList{}, f.enter()
}

func (f *fabric) Tasks(context.Context) (contracts.TaskList, error) {
	defer f.mu.Unlock()
	return contracts.TaskList{Tasks: []contracts.TaskView{{Task: "text/wordcount@1", Module: contracts.Link{Cid: dagcbor.RawCID(nil)}}}}, f.enter()
}

func (f *fabric) Capabilities(context.Context) (contracts.BackendCapabilities, error) {
	defer f.mu.Unlock()
	return contracts.BackendCapabilities{InterfaceVersion: contracts.BackendVersion, Limits: contracts.DefaultLimits()}, f.enter()
}

func (f *fabric) Health(context.Context) (contracts.BackendStatus, error) {
	defer f.mu.Unlock()
	return contracts.BackendStatus{State: f.health, Version: "test"}, f.enter()
}

func (f *fabric) PutBlock(_ context.Context, t contracts.TenantID, codec uint64, data []byte) (cid.Cid, error) {
	defer f.mu.Unlock()
	if err := f.enter(); err != nil {
		return cid.Undef, err
	}
	c := dagcbor.RawCID(data)
	if codec == cid.DagCBOR {
		c = dagcbor.CID(data)
	}
	f.blocks[c] = data
	f.claims[claim{t, c}] = true
	if f.stored.Defined() {
		c = f.stored
	}
	return c, nil
}

func (f *fabric) GetBlock(_ context.Context, c cid.Cid) ([]byte, error) {
	defer f.mu.Unlock()
	if err := f.enter(); err != nil {
		return nil, err
	}
	b, ok := f.blocks[c]
	if !ok {
		return nil, contracts.Errorf(contracts.CodeNotFound, c.String(), "no such block")
	}
	return b, nil
}

func (f *fabric) HasBlock(_ context.Context, c cid.Cid) (bool, error) {
	defer f.mu.Unlock()
	_, ok := f.blocks[c]
	return ok, f.enter()
}

// moment is the time of everything.
var moment = contracts.Time{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}

// set changes the fabric under its lock.
func (f *fabric) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// begin makes a running session with n events.
func (f *fabric) begin(t testing.TB, n int) contracts.SessionID {
	t.Helper()
	out, err := f.Submit(t.Context(), graph(), contracts.SubmissionMetadata{})
	if err != nil {
		t.Fatal(err)
	}
	f.emit(out.SessionID, n)
	return out.SessionID
}

// emit adds n events.
func (f *fabric) emit(id contracts.SessionID, n int) {
	f.set(func() {
		s := f.sessions[id]
		for range n {
			s.events = append(s.events, contracts.Event{
				SpecVersion: "1.0", ID: uuid.Must(uuid.NewV7()).String(), Source: "/krako/coordinator/test",
				Type: contracts.EventUnitCompleted, Subject: "unit", Time: moment, SessionID: id,
				Data: json.RawMessage(fmt.Sprintf(`{"n": %d, "text": "a <b>\n"}`, len(s.events))),
			})
		}
		s.wake()
	})
}

// finish makes the session final.
func (f *fabric) finish(id contracts.SessionID) {
	f.set(func() { f.sessions[id].end(contracts.SessionCompleted) })
}

func (s *session) end(state contracts.SessionState) {
	s.view.State = state
	s.result = &contracts.ExecutionResult{
		FinalOutput: contracts.JSON(`{"answer":42}`),
		Metadata:    contracts.ExecutionMetadata{State: state, StopReason: contracts.StopSuccess, GraphCID: s.view.GraphCID, StartedAt: moment, EndedAt: moment},
	}
	s.wake()
}

func (s *session) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// graph is a new valid graph of one unit.
func graph() *contracts.TaskGraph {
	return &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "test", TenantID: "tenant", CreatedAt: moment,
		GraphID: uuid.NewString(), RequestID: uuid.NewString(),
		WorkUnits: []contracts.WorkUnit{{ID: "unit", Type: contracts.Deterministic, Program: &contracts.Program{Task: "text/wordcount@1"}}},
		Outputs:   contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: "unit"}}},
	}
}

func metadata() contracts.SubmissionMetadata {
	return contracts.SubmissionMetadata{SubmittedAt: moment, KoraVersion: "test"}
}
