package localbackend

import (
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/kora/localbackend/session"
)

// admit checks a graph and returns its execution, which is fresh, and the caller's to
// conduct, unless the request came before.
func (b *Backend) admit(ctx context.Context, g *contracts.TaskGraph, ec contracts.ExecutionContext, by *ear) (e *execution, fresh bool, err error) {
	g = g.Clone() // what runs must not change under us
	block, err := g.Admit(b.opts.Limits)
	if err != nil {
		return nil, false, err
	}
	programs, err := b.resolve(ctx, g)
	if err != nil {
		return nil, false, b.told(ctx, err)
	}
	o, err := b.opening(ctx, g, block)
	if err != nil {
		return nil, false, b.told(ctx, err)
	}
	o.Trace = ec.TraceID
	b.mu.Lock()
	defer b.mu.Unlock()
	e, err = b.sessions.find(o)
	if e != nil || err != nil {
		if e != nil {
			e.voice.hear(by)
		}
		return e, false, err
	}
	e = newExecution(b, o, programs)
	e.voice.hear(by)
	b.sessions.add(e)
	return e, true, nil
}

// conduct runs a fresh execution to its end.
func (b *Backend) conduct(e *execution) {
	e.drive()
	b.mu.Lock()
	b.sessions.end(e)
	b.mu.Unlock()
	close(e.over)
}

// opening stores a graph, which is block, and compiles it.
func (b *Backend) opening(ctx context.Context, g *contracts.TaskGraph, block []byte) (o session.Opening, err error) {
	if o.Plan, err = dag.Compile(g); err != nil {
		return o, err
	}
	node := blob.Node(block)
	if err := b.blocks.Put(ctx, node); err != nil {
		return o, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return o, err
	}
	o.ID, o.Graph, o.At = contracts.SessionID(id.String()), node.CID, b.opts.Clock.Now().UTC()
	return o, nil
}

// program is what a unit's program resolved to.
type program struct {
	module cid.Cid
	entry  string
	check  *program // the unit's checker, if it has one
}

// resolve fixes what every unit's program is and checks that every block the
// graph names is there. The error names the unit at fault.
func (b *Backend) resolve(ctx context.Context, g *contracts.TaskGraph) ([]program, error) {
	programs := make([]program, len(g.WorkUnits))
	seen := map[cid.Cid]bool{}
	for i := range g.WorkUnits {
		w := &g.WorkUnits[i]
		if err := w.Checkable(); err != nil {
			return nil, err
		}
		if w.Type == contracts.LLM && b.opts.Models != nil {
			continue
		}
		if !w.Type.CPU() {
			return nil, contracts.Errorf(contracts.CodeUnsupported, string(w.ID), "this backend runs no %s units", w.Type)
		}
		p, err := b.program(w, w.Program)
		if err != nil {
			return nil, err
		}
		modules := []cid.Cid{p.module}
		if w.VerifyWith != nil {
			check, err := b.program(w, w.VerifyWith)
			if err != nil {
				return nil, err
			}
			p.check, modules = &check, append(modules, check.module)
		}
		if err := b.present(ctx, w, modules, seen); err != nil {
			return nil, err
		}
		programs[i] = p
		if w.Timeouts != nil && w.Timeouts.RunMS != nil {
			// What a unit may take is about its run, not about compiling its module.
			// A module that cannot be admitted is its units' failure, not the graph's.
			for _, m := range modules {
				_, _ = b.module(ctx, m)
			}
		}
	}
	return programs, nil
}

func (b *Backend) program(w *contracts.WorkUnit, p *contracts.Program) (program, error) {
	if m := p.Module; m != nil {
		return program{module: m.Cid, entry: p.Entry}, nil
	}
	t, ok := b.opts.Tasks.Resolve(p.Task)
	if !ok {
		return program{}, contracts.Errorf(contracts.CodeNotFound, string(w.ID), "task %q is not in the catalogue", p.Task)
	}
	return program{module: t.Module.Cid, entry: t.Entry}, nil
}

// present checks that the blocks a unit names itself are stored.
func (b *Backend) present(ctx context.Context, w *contracts.WorkUnit, modules []cid.Cid, seen map[cid.Cid]bool) error {
	need := func(what string, id cid.Cid) error {
		if seen[id] {
			return nil
		}
		ok, err := b.blocks.Has(ctx, id)
		if err == nil && !ok {
			err = contracts.Errorf(contracts.CodeNotFound, string(w.ID), "%s %s is not stored here; put the block first", what, id)
		}
		seen[id] = true
		return err
	}
	for _, m := range modules {
		if err := need("module", m); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.Blobs)) {
		if err := need("blob "+name, w.Blobs[name].Cid); err != nil {
			return err
		}
	}
	return nil
}

// salt is what a tenant's local_only invocations carry.
func (b *Backend) salt(t contracts.TenantID) []byte {
	block, err := dagcbor.Marshal([]any{b.opts.Secret, string(t)})
	if err != nil {
		panic("localbackend: salt does not encode: " + err.Error())
	}
	const multihashPrefix = 2
	return dagcbor.CID(block).Hash()[multihashPrefix:]
}
