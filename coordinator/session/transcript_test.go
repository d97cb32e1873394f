package session_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/internal/golden"
)

// TestTranscripts plays each script in testdata: a graph, then commands. Below
// each command stand the events it tells; at the end the session is rebuilt from
// its records alone and must tell the same and have the same view.
//
//	unit NAME [<- DEP…] [llm] [once] [optional] [attempts N] [schema JSON] [if|unless DEP CONDITION [JSON]]
//	bind NAME FROM SELECT TO | policy FAILURE_POLICY
//	budget units|fuel|ms|tokens|calls N | quota fuel|tokens N
//	input NAME | ask NAME POD TOKENS | said NAME JSON TOKENS
//	give NAME NODE | known NAME NODE JSON | done NAME JSON | trap NAME | fault NAME CODE | drop NAME CODE | believe NAME CODE | lose NAME REASON
//	hold NAME JSON | release NAME NODE JSON | unverified NAME | supersede NAME NODE JSON
//	copy NAME NODE; NAME+ is what is done, trapped, faulted, lost or held under the copy's lease
//	stale NAME | wait DURATION | stop REASON | close
func TestTranscripts(t *testing.T) { golden.Transcripts(t, play) }

type player struct {
	t       *testing.T
	graph   contracts.TaskGraph
	now     time.Time
	s       *session.Session
	records [][]byte
	out     bytes.Buffer
	leases  uint64
	holding map[int]uint64 // the leases of units whose results are held back
	quota   session.Accepted
	outputs map[cid.Cid][]byte
}

func play(t *testing.T, script string) string {
	p := &player{t: t, holding: map[int]uint64{}, outputs: map[cid.Cid][]byte{}, now: time.UnixMilli(1_700_000_000_000).UTC()}
	p.graph = contracts.TaskGraph{GraphID: "graph", RequestID: "request", TenantID: "lab"}
	for _, line := range strings.Split(script, "\n") {
		w := strings.Fields(line)
		if len(w) == 0 || strings.HasPrefix(line, "#") || p.build(w) {
			continue
		}
		if p.s == nil {
			p.open()
		}
		fmt.Fprintf(&p.out, "> %s\n", line)
		p.step(w)
	}
	p.replay()
	return p.out.String()
}

func (p *player) build(w []string) bool {
	switch w[0] {
	case "unit":
		u := contracts.WorkUnit{ID: contracts.UnitID(w[1]), Type: contracts.Deterministic, Program: &contracts.Program{Task: "t@1"}}
		for i := 2; i < len(w); i++ {
			switch w[i] {
			case "<-":
			case "llm":
				u.Type, u.Program = contracts.LLM, nil
				u.Model = &contracts.ModelCall{Operation: contracts.Generate, Tier: contracts.TierSmall, Prompt: "hello", FreeText: true}
			case "once":
				u.Idempotent = new(bool)
			case "optional":
				u.Critical = new(bool)
			case "if", "unless":
				c := contracts.Condition{Dependency: contracts.UnitID(w[i+1]), Condition: contracts.ConditionKind(w[i+2]), Not: w[i] == "unless"}
				if i += 2; c.Condition == contracts.OnEquals {
					i++
					c.Value = contracts.JSON(w[i])
				}
				u.When = append(u.When, c)
			case "attempts":
				i++
				n, err := strconv.Atoi(w[i])
				if err != nil {
					p.t.Fatal(err)
				}
				u.Retries = &contracts.Retries{MaxAttempts: n}
			case "schema":
				i++
				u.OutputSchema = contracts.JSON(w[i])
			default:
				u.Dependencies = append(u.Dependencies, contracts.UnitID(w[i]))
			}
		}
		p.graph.WorkUnits = append(p.graph.WorkUnits, u)
		p.graph.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: u.ID}}
	case "bind":
		u := &p.graph.WorkUnits[len(p.graph.WorkUnits)-1]
		u.Bind = append(u.Bind, contracts.Bind{From: contracts.UnitID(w[2]), Select: strings.Trim(w[3], `"`), To: w[4]})
	case "quota":
		n, err := strconv.ParseUint(w[2], 10, 64)
		if err != nil {
			p.t.Fatal(err)
		}
		*map[string]**uint64{"fuel": &p.quota.Fuel, "tokens": &p.quota.Tokens}[w[1]] = &n
	case "policy":
		p.graph.Policies = &contracts.Policies{FailurePolicy: contracts.FailurePolicy(w[1])}
	case "budget":
		n, err := strconv.ParseInt(w[2], 10, 64)
		if err != nil {
			p.t.Fatal(err)
		}
		b := &p.graph.Budgets
		*map[string]**int64{"units": &b.MaxCPUUnits, "fuel": &b.MaxFuel, "ms": &b.MaxLatencyMS, "tokens": &b.MaxTokens, "calls": &b.MaxLLMCalls}[w[1]] = &n
	default:
		return false
	}
	return true
}

const sessionID = "018bcfe5-6800-7000-8000-000000000000"

func (p *player) accepted() *session.Record {
	return &session.Record{At: p.now.UnixMicro(), Session: sessionID, Accepted: &session.Accepted{
		Tenant: "lab", GraphID: "graph", RequestID: "request", Graph: contracts.Link{Cid: dagcbor.RawCID([]byte("graph"))},
		Fuel: p.quota.Fuel, Tokens: p.quota.Tokens,
	}}
}

func (p *player) open() {
	rec := p.accepted()
	p.keep(rec)
	s, err := session.Open(rec, &p.graph, "/krako/test")
	if err != nil {
		p.t.Fatal(err)
	}
	p.s = s
	s.Listen(func(e contracts.Event) { p.tell(&p.out, e) })
	s.TellStart()
	p.effects()
}

func (p *player) keep(r *session.Record) {
	b, err := r.Encode()
	if err != nil {
		p.t.Fatal(err)
	}
	p.records = append(p.records, b)
}

func (p *player) tell(out *bytes.Buffer, e contracts.Event) {
	fmt.Fprintf(out, "  %s", e.Type)
	if e.Subject != "" {
		fmt.Fprintf(out, " %s", e.Subject)
	}
	if e.Attempt > 0 {
		fmt.Fprintf(out, " attempt %d", e.Attempt)
	}
	if n := e.Replica(); n > 0 {
		fmt.Fprintf(out, " replica %d", n)
	}
	out.WriteByte('\n')
}

// effects prints what the loop would have to do.
func (p *player) effects() {
	for _, r := range p.s.TakeReady() {
		fmt.Fprintf(&p.out, "  => dispatch %s", p.s.Plan().Unit(r.Unit).ID)
		if d := r.NotBefore.Sub(p.now); d > 0 {
			base := 100 * time.Millisecond
			fmt.Fprintf(&p.out, " after %s and less than %s", d.Truncate(base), d.Truncate(base)+base)
		}
		p.out.WriteByte('\n')
	}
	for _, l := range p.s.TakeDropped() {
		fmt.Fprintf(&p.out, "  => call back %s from %s\n", p.s.Plan().Unit(l.Unit).ID, l.Node)
	}
}

func (p *player) step(w []string) {
	if w[0] == "wait" {
		d, err := time.ParseDuration(w[1])
		if err != nil {
			p.t.Fatal(err)
		}
		p.now = p.now.Add(d)
		return
	}
	if w[0] == "input" {
		p.input(w[1])
		return
	}
	rec, err := p.command(w)
	if err != nil {
		fmt.Fprintf(&p.out, "  refused: %s\n", contracts.CodeOf(err))
		return
	}
	p.keep(&rec)
	if err := p.s.Apply(&rec); err != nil {
		p.t.Fatalf("apply %v: %v", w, err)
	}
	p.effects()
}

// input prints what a unit is given, after its binds.
func (p *player) input(name string) {
	res, err := p.s.Run().Resolve(p.index(name), dag.Source{
		Profile: "det-1", Output: p.s.Output,
		Program: func(int) (cid.Cid, string, error) { return dagcbor.RawCID([]byte("module")), "", nil },
		Bytes:   func(c cid.Cid) ([]byte, error) { return p.outputs[c], nil },
	})
	if err != nil {
		fmt.Fprintf(&p.out, "  refused: %s\n", contracts.CodeOf(err))
		return
	}
	fmt.Fprintf(&p.out, "  input %s\n", res.Invocation.Input.Inline)
}

func (p *player) index(name string) int {
	i, ok := p.s.Plan().Index(contracts.UnitID(name))
	if !ok {
		p.t.Fatalf("script names unknown unit %q", name)
	}
	return i
}

func (p *player) command(w []string) (session.Record, error) {
	switch w[0] {
	case "stop":
		return p.s.Stop(p.now, contracts.StopReason(w[1]), contracts.CodeCancelled, "")
	case "close":
		return p.s.Close(p.now, dagcbor.RawCID([]byte("result")))
	}
	name, ofCopy := strings.CutSuffix(w[1], "+")
	w[1] = name
	i := p.index(name)
	if w[0] == "copy" {
		p.leases++
		return p.s.Copy(p.now, session.Placement{
			Lease: session.Lease{ID: p.leases, Epoch: 1, Node: contracts.NodeID(w[2]), Unit: i}, Eligible: 1, Score: 1,
		}, "nothing moved")
	}
	if w[0] == "give" {
		if v := p.s.Budget(10); v != dag.Granted {
			return session.Record{}, contracts.Errorf(contracts.CodeBudgetExceeded, w[1], "budget verdict %d", v)
		}
		p.leases++
		return p.s.Dispatch(p.now, session.Placement{
			Lease:   session.Lease{ID: p.leases, Epoch: 1, Node: contracts.NodeID(w[2]), Unit: i},
			UnitCID: dagcbor.CID([]byte(w[1])), Fuel: 10, Eligible: 1, Score: 1,
		})
	}
	if w[0] == "ask" {
		n, err := strconv.ParseInt(w[3], 10, 64)
		if err != nil {
			p.t.Fatal(err)
		}
		calls, v := p.s.Calls(n)
		if v != dag.Granted {
			return session.Record{}, contracts.Errorf(contracts.CodeBudgetExceeded, w[1], "budget verdict %d", v)
		}
		p.leases++
		return p.s.Dispatch(p.now, session.Placement{
			Lease:   session.Lease{ID: p.leases, Epoch: 1, Node: contracts.NodeID(w[2]), Unit: i},
			UnitCID: dagcbor.CID([]byte(w[1])), Calls: &calls, Eligible: 1, Score: 1,
		})
	}
	if w[0] == "known" {
		rec, ok, err := p.s.Reuse(p.now, i, p.known(w[1], contracts.NodeID(w[2]), []byte(w[3])), []byte(w[3]))
		if err == nil && !ok {
			err = contracts.Errorf(contracts.CodeSchemaMismatch, w[1], "what is known does not fit")
		}
		return rec, err
	}
	l, _ := p.s.LeaseOf(i)
	if ofCopy {
		l, _ = p.s.CopyOf(i)
	}
	l.Unit = i
	switch w[0] {
	case "said":
		n, err := strconv.ParseInt(w[3], 10, 64)
		if err != nil {
			p.t.Fatal(err)
		}
		r := p.report(l, w[1], []byte(w[2]))
		r.Result.FuelUsed, r.Model = 0, &contracts.ModelUse{Model: "m", Class: "c", TokensIn: 1, TokensOut: n - 1, Calls: 1}
		return p.s.Complete(p.now, r)
	case "done":
		return p.s.Complete(p.now, p.report(l, w[1], []byte(w[2])))
	case "trap":
		return p.s.Complete(p.now, p.report(l, w[1], nil))
	case "hold":
		if l.ID != 0 {
			p.holding[i] = l.ID
		}
		return p.s.Hold(p.now, 1, false, p.report(l, w[1], []byte(w[2])))
	case "release":
		return p.s.Release(p.now, p.holding[i], p.ended(i, w))
	case "unverified":
		return p.s.Unverified(p.now, i, p.holding[i], "the engines differ")
	case "supersede":
		return p.s.Supersede(p.now, p.ended(i, w), nil)
	case "stale":
		l.ID--
		return p.s.Complete(p.now, p.report(l, w[1], []byte("{}")))
	case "fault":
		return p.s.Fault(p.now, l, contracts.Code(w[2]), "said so", false)
	case "drop":
		return p.s.Drop(p.now, l, contracts.Code(w[2]), "said so")
	case "believe":
		return p.s.Fault(p.now, l, contracts.Code(w[2]), "said so", true)
	case "lose":
		return p.s.Lose(p.now, l, strings.Join(w[2:], " "))
	}
	p.t.Fatalf("unknown command %q", w[0])
	return session.Record{}, nil
}

// ended is how a unit ends by the result that a node found for it.
func (p *player) ended(unit int, w []string) session.Ended {
	r := p.report(session.Lease{}, w[1], []byte(w[3]))
	e := session.Ended{
		Unit: unit, State: contracts.UnitSuccess, Reason: contracts.StopSuccess, Result: contracts.Link{Cid: r.CID}, Batch: contracts.Link{Cid: r.Batch},
		Output: *r.Result.Output, MediaType: r.Result.MediaType, Bytes: r.Result.OutputBytes, Fuel: r.Result.FuelUsed, Node: contracts.NodeID(w[2]), Check: 9,
	}
	p.s.Judge(&e, []byte(w[3]))
	return e
}

// known is a result of a unit that n computed for somebody before.
func (p *player) known(unit string, n contracts.NodeID, output []byte) session.Known {
	r := p.report(session.Lease{}, unit, output)
	return session.Known{
		UnitCID: r.Result.Unit.Cid, Result: r.CID, Output: r.Result.Output.Cid, Batch: r.Batch, By: n,
		MediaType: r.Result.MediaType, Bytes: r.Result.OutputBytes, Fuel: r.Result.FuelUsed,
	}
}

// report is a checked result: a success with the given output, or a trap.
func (p *player) report(l session.Lease, unit string, output []byte) session.Report {
	r := &contracts.Result{Unit: contracts.Link{Cid: dagcbor.CID([]byte(unit))}, Outcome: contracts.Failed, ErrorCode: contracts.CodeTrap}
	if output != nil {
		r = &contracts.Result{
			Unit: r.Unit, Outcome: contracts.Succeeded, Output: &contracts.Link{Cid: dagcbor.RawCID(output)}, MediaType: contracts.DefaultMediaType,
			OutputBytes: uint64(len(output)), FuelUsed: 5,
		}
	}
	if output != nil {
		p.outputs[r.Output.Cid] = output
	}
	block, err := r.Block()
	if err != nil {
		p.t.Fatal(err)
	}
	return session.Report{
		Lease: l, Result: r, CID: dagcbor.CID(block), Batch: dagcbor.RawCID([]byte("batch")), Output: output,
		Observed: &contracts.Observed{StartedAt: contracts.Time{Time: p.now}},
	}
}

// replay rebuilds the session from its records and compares.
func (p *player) replay() {
	var again bytes.Buffer
	var s *session.Session
	for _, b := range p.records {
		r, err := session.DecodeRecord(b)
		if err != nil {
			p.t.Fatal(err)
		}
		if r.Accepted == nil {
			if err := s.Apply(&r); err != nil {
				p.t.Fatal(err)
			}
			continue
		}
		if s, err = session.Open(&r, &p.graph, "/krako/test"); err != nil {
			p.t.Fatal(err)
		}
		s.Listen(func(e contracts.Event) { p.tell(&again, e) })
		s.TellStart()
	}
	var told []string
	for _, line := range strings.SplitAfter(p.out.String(), "\n") {
		if strings.HasPrefix(line, "  workunit.") || strings.HasPrefix(line, "  execution.") || strings.HasPrefix(line, "  llm.") {
			told = append(told, line)
		}
	}
	if strings.Join(told, "") != again.String() {
		p.t.Errorf("the rebuilt session told:\n%s\nthe live one:\n%s", again.String(), strings.Join(told, ""))
	}
	if d := cmp.Diff(document(p.t, p.s.View()), document(p.t, s.View())); d != "" {
		p.t.Errorf("the rebuilt session differs (-live +rebuilt):\n%s", d)
	}
	v := p.s.View()
	fmt.Fprintf(&p.out, "%s:", v.State)
	for _, u := range v.WorkUnits {
		fmt.Fprintf(&p.out, " %s %s", u.ID, u.State)
		if u.StopReason != "" && u.StopReason != contracts.StopSuccess {
			fmt.Fprintf(&p.out, " (%s)", u.StopReason)
		}
	}
	p.out.WriteByte('\n')
}

func document(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
