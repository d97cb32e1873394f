package session_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/golden"
	"github.com/krako-labs/krako/kora/localbackend/session"
)

// TestTranscripts plays each script in testdata: a graph, then commands. Below
// each command stand the events that it tells and what is to be done about it.
// At the end whoever folds the records again must have been told the same.
//
//	unit NAME [<- DEP…] [once] [attempts N] [backoff MS] [schema JSON] | budget cpu|fuel N
//	know NAME FUEL JSON | run NAME FUEL | done NAME FUEL JSON | trap NAME FUEL | fault NAME CODE | refuse NAME CODE
//	wait DURATION | stop REASON CODE | close
func TestTranscripts(t *testing.T) { golden.Transcripts(t, play) }

type player struct {
	t       *testing.T
	graph   contracts.TaskGraph
	now     time.Time
	opening session.Opening
	s       *session.Session
	leases  map[int]session.Lease
	records []session.Record
	events  []contracts.Event
	out     bytes.Buffer
}

func play(t *testing.T, script string) string {
	p := &player{t: t, now: time.UnixMilli(1_700_000_000_000).UTC(), leases: map[int]session.Lease{}}
	p.graph = contracts.TaskGraph{GraphID: "018bcfe5-6800-7000-8000-000000000001", RequestID: "018bcfe5-6800-7000-8000-000000000002", TenantID: "lab"}
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
		p.effects()
	}
	p.foldAgain()
	return p.out.String()
}

func (p *player) build(w []string) bool {
	switch w[0] {
	case "unit":
		p.graph.WorkUnits = append(p.graph.WorkUnits, p.unit(w))
		p.graph.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: contracts.UnitID(w[1])}}
	case "budget":
		n := int64(p.number(w[2]))
		if w[1] == "cpu" {
			p.graph.Budgets.MaxCPUUnits = &n
		} else {
			p.graph.Budgets.MaxFuel = &n
		}
	default:
		return false
	}
	return true
}

func (p *player) unit(w []string) contracts.WorkUnit {
	u := contracts.WorkUnit{ID: contracts.UnitID(w[1]), Type: contracts.Deterministic, Retries: &contracts.Retries{}}
	for i := 2; i < len(w); i++ {
		switch w[i] {
		case "<-":
		case "once":
			u.Idempotent = new(bool)
		case "attempts":
			i++
			u.Retries.MaxAttempts = p.number(w[i])
		case "backoff":
			i++
			u.Retries.BackoffMS = int64(p.number(w[i]))
		case "schema":
			i++
			u.OutputSchema = contracts.JSON(w[i])
		default:
			u.Dependencies = append(u.Dependencies, contracts.UnitID(w[i]))
		}
	}
	return u
}

func (p *player) number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func (p *player) open() {
	plan, err := dag.Compile(&p.graph)
	if err != nil {
		p.t.Fatal(err)
	}
	p.opening = session.Opening{
		ID: "018bcfe5-6800-7000-8000-000000000000", At: p.now, Graph: dagcbor.CID([]byte("graph")), Trace: "trace", Plan: plan,
	}
	p.s = session.Open(p.opening, func(e contracts.Event) {
		p.events = append(p.events, e)
		fmt.Fprintf(&p.out, "  %s %s", strings.TrimPrefix(string(e.Type), "workunit."), e.Subject)
		if e.Attempt > 0 {
			fmt.Fprintf(&p.out, " attempt %d", e.Attempt)
		}
		p.out.WriteByte('\n')
	})
	p.effects()
}

func (p *player) step(w []string) {
	unit := -1
	if i, ok := p.opening.Plan.Index(contracts.UnitID(w[min(1, len(w)-1)])); ok {
		unit = i
	}
	switch w[0] {
	case "wait":
		d, err := time.ParseDuration(w[1])
		if err != nil {
			p.t.Fatal(err)
		}
		p.now = p.now.Add(d)
	case "run":
		p.dispatch(unit, uint64(p.number(w[2])))
	case "know":
		r := p.report(append([]string{"done"}, w[1:]...))
		k := session.Known{UnitCID: dagcbor.CID([]byte(p.opening.Plan.Unit(unit).ID)), Result: r.CID, Fuel: r.Result.FuelUsed,
			Output: contracts.OutputRef{CID: *r.Result.Output, MediaType: r.Result.MediaType, Bytes: uint64(len(r.Output))}}
		p.apply(p.s.Reuse(p.now, unit, k, r.Output))
	case "done", "trap":
		p.apply(p.s.Complete(p.now, p.leases[unit], p.report(w)))
	case "fault":
		p.apply(p.s.Fault(p.now, p.leases[unit], contracts.Code(w[2]), "because", nil))
	case "refuse":
		p.apply(p.s.Refuse(p.now, unit, contracts.Code(w[2]), "because"))
	case "stop":
		p.apply(p.s.Stop(p.now, contracts.StopReason(w[1]), contracts.Code(w[2]), "because"))
	case "close":
		p.apply(p.s.Close(p.now))
		p.result()
	default:
		p.t.Fatalf("script has no command %q", w[0])
	}
}

func (p *player) dispatch(unit int, fuel uint64) {
	if v := p.s.Budget(fuel); v != dag.Granted {
		fmt.Fprintf(&p.out, "  => %s\n", map[dag.Verdict]string{dag.Wait: "wait for budget", dag.Exhausted: "budget exhausted"}[v])
		return
	}
	r, ok := p.s.Dispatch(p.now, unit, dagcbor.CID([]byte(p.opening.Plan.Unit(unit).ID)), fuel)
	if ok {
		p.leases[unit] = r.Fact.(*session.Dispatched).Lease
	}
	p.apply(r, ok)
}

func (p *player) report(w []string) session.Report {
	r := session.Report{
		Result: &contracts.Result{Outcome: contracts.Failed, ErrorCode: contracts.CodeTrap, FuelUsed: uint64(p.number(w[2]))},
		CID:    dagcbor.CID([]byte(strings.Join(w, " "))), Started: p.now.Add(-time.Millisecond), Took: time.Millisecond,
	}
	if w[0] == "done" {
		r.Output = []byte(w[3])
		r.Result.Outcome, r.Result.ErrorCode, r.Result.MediaType = contracts.Succeeded, "", contracts.DefaultMediaType
		r.Result.Output = &contracts.Link{Cid: dagcbor.RawCID(r.Output)}
	}
	return r
}

func (p *player) apply(r session.Record, fits bool) {
	if !fits {
		p.out.WriteString("  does not fit\n")
		return
	}
	p.records = append(p.records, r)
	p.s.Apply(r)
}

// effects prints what there is to do.
func (p *player) effects() {
	for _, r := range p.s.TakeReady() {
		fmt.Fprintf(&p.out, "  => dispatch %s", p.opening.Plan.Unit(r.Unit).ID)
		if d := r.NotBefore.Sub(p.now).Truncate(10 * time.Millisecond); d > 0 {
			fmt.Fprintf(&p.out, " in %s and less than 10ms", d)
		}
		p.out.WriteByte('\n')
	}
	for _, l := range p.s.TakeDropped() {
		fmt.Fprintf(&p.out, "  => stop run %d of %s\n", l.ID, p.opening.Plan.Unit(l.Unit).ID)
	}
}

func (p *player) result() {
	r := p.s.Result(nil)
	fmt.Fprintf(&p.out, "%s: %s, %d fuel, answer %q, error %v\n", r.Metadata.State, r.Metadata.StopReason, r.Telemetry.FuelUsed, r.Metadata.FinalUnit, r.Metadata.Error)
	for _, t := range r.Telemetry.Tasks {
		ran := fmt.Sprintf("run %d times", len(t.Executors))
		if t.Cached {
			ran = "not run again"
		}
		fmt.Fprintf(&p.out, "%s: %s, %s, %s, validation %s, error %v\n", t.TaskID, t.Status, t.StopReason, ran, t.ValidationStatus, t.Error)
	}
}

// foldAgain checks that the records alone tell the same story and leave the
// same result.
func (p *player) foldAgain() {
	var events []contracts.Event
	again := session.Open(p.opening, func(e contracts.Event) { events = append(events, e) })
	for _, r := range p.records {
		again.Apply(r)
	}
	if d := cmp.Diff(p.events, events); d != "" {
		p.t.Errorf("folded again, the session tells another story:\n%s", d)
	}
	if d := cmp.Diff(p.s.Result(nil), again.Result(nil), cmp.Comparer(func(a, b contracts.Link) bool { return a.Equals(b.Cid) })); d != "" {
		p.t.Errorf("folded again, the session has another result:\n%s", d)
	}
	for _, e := range events {
		if err := e.Validate(); err != nil {
			p.t.Error(err)
		}
	}
}
