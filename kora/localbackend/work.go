package localbackend

import (
	"context"
	"errors"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/kora/localbackend/session"
)

// finished is how a run ended: with a report, or with what kept it from having
// one.
type finished struct {
	lease  session.Lease
	report session.Report
	err    error
}

// errand is a run that a worker is to carry out.
type errand struct {
	ctx    context.Context
	lease  session.Lease
	call   *dag.Resolved
	model  *modelRun
	check  *program
	places chan struct{}
	stop   func() // the timer of the run
}

// run has a run carried out in the place that was taken for it, by a worker that waits
// for one or a new one.
func (e *execution) run(l *line, d *session.Dispatched, call *dag.Resolved) {
	ctx, cancel := context.WithCancelCause(context.Background())
	e.running[d.Lease.ID] = cancel
	j := errand{
		ctx: ctx, lease: d.Lease, call: call, model: e.modelRun(d, call), check: e.programs[d.Lease.Unit].check, places: l.places,
		stop: e.b.opts.Clock.AfterFunc(e.timeout(d.Lease.Unit), func() { cancel(errRunTimeout) }),
	}
	if e.idle == 0 {
		go e.work(j)
		return
	}
	e.idle--
	e.jobs <- j
}

// work carries out runs one after the other, until there are no more: the stack of a
// goroutine that ran a unit is as large as the next unit's will have to be, and making
// it so takes as long as a small unit.
func (e *execution) work(j errand) {
	for more := true; more; j, more = <-e.jobs {
		report, err := e.b.carryOut(j.ctx, j.call, j.model, j.check)
		j.stop()
		<-j.places
		e.ended <- finished{j.lease, report, err}
	}
}

func (e *execution) timeout(unit int) time.Duration {
	if t := e.session.Plan.Unit(unit).Timeouts; t != nil && t.RunMS != nil && *t.RunMS < e.b.opts.RunTimeout.Milliseconds() {
		return time.Duration(*t.RunMS) * time.Millisecond
	}
	return e.b.opts.RunTimeout
}

// take gives what a run ended with to the session.
func (e *execution) take(f finished) {
	e.idle++
	e.running[f.lease.ID](nil)
	delete(e.running, f.lease.ID)
	e.cpu.short, e.llm.short = false, false
	if use := f.report.Model; use != nil && use.Calls > 0 {
		e.apply(e.session.Spend(e.now(), f.lease, *use))
	}
	if f.err != nil {
		code, detail := e.b.blame(f.err)
		e.apply(e.session.Fault(e.now(), f.lease, code, detail, f.report.Model))
		return
	}
	r, fits := e.session.Complete(e.now(), f.lease, f.report)
	e.apply(r, fits)
	// What nobody needs any more is known all the same.
	e.retain(r.Fact.(*session.Ended), f.report.Result.Unit.Cid)
}

// carryOut runs an invocation, and the unit's checker on what came of it, and stores
// all that the result stands on. The error is never the computation's.
func (b *Backend) carryOut(ctx context.Context, call *dag.Resolved, m *modelRun, check *program) (session.Report, error) {
	var r session.Report
	var err error
	if m != nil {
		r, err = b.askModel(ctx, call, m)
	} else {
		r, err = b.compute(ctx, call)
	}
	if err != nil {
		return session.Report{Model: r.Model}, because(ctx, err)
	}
	block, err := blockOf(&r)
	if err != nil {
		return session.Report{Model: r.Model}, err
	}
	r.CID = dagcbor.CID(block)
	// A result that is known is kept, however late: the run is over.
	if err := b.keep(context.WithoutCancel(ctx), call, &r, block); err != nil {
		return r, err
	}
	if check == nil || r.Result.Outcome != contracts.Succeeded {
		return r, nil
	}
	if r.Check, err = b.check(ctx, call, &r, check); err != nil {
		return session.Report{}, because(ctx, err)
	}
	return r, nil
}

// keep stores what a run was given and what came of it.
func (b *Backend) keep(ctx context.Context, call *dag.Resolved, r *session.Report, result []byte) error {
	blocks := []blob.Block{{CID: call.Unit, Data: call.Block}, {CID: r.CID, Data: result}}
	if call.Spill != nil && call.Invocation != nil {
		blocks = append(blocks, blob.Block{CID: call.Invocation.Input.Link.Cid, Data: call.Spill})
	}
	if r.Result.Output != nil {
		blocks = append(blocks, blob.Block{CID: r.Result.Output.Cid, Data: r.Output})
	}
	return b.blocks.Put(ctx, blocks...)
}

// check runs a unit's checker on its result. A checker that cannot run at all says
// nothing; other errors are this machine's.
func (b *Backend) check(ctx context.Context, call *dag.Resolved, r *session.Report, p *program) (*session.Check, error) {
	input := call.Invocation.Input.Inline
	if call.Spill != nil {
		input = call.Spill
	}
	res, err := dag.ResolveCheck(p.module, p.entry, dag.Checkee{
		Invocation: call.Invocation, Input: input, Output: dag.Output{CID: r.Result.Output.Cid, MediaType: r.Result.MediaType}, Bytes: r.Output, Fuel: r.Result.FuelUsed,
	})
	if contracts.CodeOf(err) == contracts.CodeOutOfFuel {
		return &session.Check{Verdict: dag.NoVerdict(contracts.CodeOutOfFuel, err.Error())}, nil
	}
	if err != nil {
		return nil, err
	}
	blocks := []blob.Block{{CID: res.Unit, Data: res.Block}}
	if res.Spill != nil {
		blocks = append(blocks, blob.Block{CID: res.Invocation.Input.Link.Cid, Data: res.Spill})
	}
	if err := b.blocks.Put(ctx, blocks...); err != nil {
		return nil, err
	}
	found, err := b.compute(ctx, res)
	if e, ok := errors.AsType[*contracts.Error](err); ok && e.Code == contracts.CodeValidation {
		return &session.Check{Unit: res.Unit, Verdict: dag.NoVerdict(e.Code, e.Message)}, nil
	}
	if err != nil {
		return nil, err
	}
	block, err := found.Result.Block()
	if err != nil {
		return nil, err
	}
	found.CID = dagcbor.CID(block)
	c := &session.Check{Unit: res.Unit, Result: found.CID, Fuel: found.Result.FuelUsed, Verdict: dag.VerdictOf(found.Result, found.Output)}
	return c, b.keep(context.WithoutCancel(ctx), res, &found, block)
}

// blockOf returns the result as a block, of the kind of who made it.
func blockOf(r *session.Report) ([]byte, error) {
	if r.Model == nil {
		return r.Result.Block()
	}
	m := &contracts.ModelResult{
		Unit: r.Result.Unit, Outcome: r.Result.Outcome, ErrorCode: r.Result.ErrorCode, Output: r.Result.Output,
		MediaType: r.Result.MediaType, OutputBytes: r.Result.OutputBytes, Model: *r.Model,
	}
	return m.Block()
}

// because returns the better reason for err, which the end of the context may
// be.
func because(ctx context.Context, err error) error {
	if cause, ok := errors.AsType[*contracts.Error](context.Cause(ctx)); ok {
		return cause
	}
	return err
}

// compute runs an invocation in the sandbox and returns its result.
func (b *Backend) compute(ctx context.Context, call *dag.Resolved) (session.Report, error) {
	job, err := b.job(ctx, call)
	if err != nil {
		return session.Report{}, err
	}
	started := b.opts.Clock.Now()
	o, err := b.box.Run(ctx, job)
	if err != nil {
		return session.Report{}, err
	}
	r := session.Report{Started: started.UTC(), Took: b.opts.Clock.Now().Sub(started)}
	r.Result = &contracts.Result{
		Unit: contracts.Link{Cid: call.Unit}, Outcome: contracts.Failed, ErrorCode: o.Code,
		FuelUsed: o.FuelUsed, MemoryPages: o.MemoryPages,
	}
	switch {
	case o.Code == "":
		r.Output = o.Output
		r.Result.Outcome, r.Result.Output = contracts.Succeeded, &contracts.Link{Cid: dagcbor.RawCID(o.Output)}
		r.Result.MediaType, r.Result.OutputBytes = o.MediaType, uint64(len(o.Output))
	case !o.Code.Deterministic():
		return r, contracts.Errorf(contracts.CodeInternal, call.Unit.String(), "outcome %q is none that a computation has", o.Code)
	}
	return r, nil
}

// job puts together all that a run needs.
func (b *Backend) job(ctx context.Context, call *dag.Resolved) (sandbox.Job, error) {
	v := call.Invocation
	if most := b.opts.MaxMemoryMB * contracts.PagesPerMB; int64(v.MemoryPages) > int64(most) {
		return sandbox.Job{}, contracts.Errorf(contracts.CodeUnsupported, call.Unit.String(), "%d pages of memory, this machine lends %d", v.MemoryPages, most)
	}
	m, err := b.module(ctx, v.Module.Cid)
	if err != nil {
		return sandbox.Job{}, err
	}
	job := sandbox.Job{
		Module: m, Entry: v.Entry, Input: v.Input.Inline, Fuel: v.Fuel, MemoryPages: v.MemoryPages, Unit: call.Unit,
	}
	if call.Spill != nil {
		job.Input = call.Spill
	}
	job.Blobs, err = b.mounts(ctx, v.Blobs, b.opts.MaxInput-int64(len(job.Input)))
	return job, err
}

// mounts reads the blobs of one unit, which may have so many bytes together.
func (b *Backend) mounts(ctx context.Context, links map[string]contracts.Link, left int64) (map[string][]byte, error) {
	blobs := make(map[string][]byte, len(links))
	for name, link := range links {
		data, err := b.blocks.Get(ctx, link.Cid)
		if err != nil {
			return nil, err
		}
		if left -= int64(len(data)); left < 0 {
			return nil, contracts.Errorf(contracts.CodeResourceExhausted, name, "input and blobs exceed %d bytes", b.opts.MaxInput)
		}
		blobs[name] = data
	}
	return blobs, nil
}

// module returns an admitted module. Its block was there when the graph was
// admitted.
func (b *Backend) module(ctx context.Context, id cid.Cid) (*sandbox.Module, error) {
	if m, ok := b.box.Module(id); ok {
		return m, nil
	}
	wasm, err := b.blocks.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return b.box.Admit(ctx, wasm)
}
