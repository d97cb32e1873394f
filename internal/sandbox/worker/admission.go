package worker

import (
	"context"
	"errors"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
)

// Admit implements Runner. Each module is admitted by a process of its own, which
// ends with the verdict: a compiler that can be killed, and that has nothing to
// remember.
func (p *Processes) Admit(ctx context.Context, id cid.Cid, wasm []byte) error {
	done := p.admits.DoChan(id.KeyString(), func() (any, error) { return nil, p.admit(id, wasm) })
	select {
	case r := <-done:
		return r.Err
	case <-ctx.Done():
		code := contracts.CodeCancelled
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			code = contracts.CodeTimeout
		}
		return contracts.Errorf(code, id.String(), "admission: %w", context.Cause(ctx))
	}
}

// errPaused ends admissions while there is a pause.
func errPaused(id cid.Cid) error {
	return contracts.Errorf(contracts.CodeCancelled, id.String(), "admission: %s", whyPaused)
}

const whyPaused = "the node is paused"

func (p *Processes) admit(id cid.Cid, wasm []byte) error {
	if p.paused() {
		return errPaused(id)
	}
	if p.refused(id) {
		return contracts.Errorf(contracts.CodeInternal, id.String(), "module has killed %d worker processes of this node and is refused", mostKilled)
	}
	if int64(len(wasm)) > p.opts.MaxModule {
		return contracts.Errorf(contracts.CodeValidation, "module", "%d bytes, the limit is %d", len(wasm), p.opts.MaxModule)
	}
	p.compiling <- struct{}{}
	defer func() { <-p.compiling }()
	child, err := p.start(modeAdmission)
	if err != nil {
		return contracts.Errorf(contracts.CodeInternal, id.String(), "admission: %w", err)
	}
	v, death := child.admit(wasm, p.opts.AdmitTime)
	if death == nil {
		p.retire(child)
		return v.err()
	}
	p.died(child, death, []cid.Cid{id})
	return contracts.Errorf(death.Code, id.String(), "admission: %w", death)
}

// admit has the process admit a module.
func (p *process) admit(wasm []byte, limit time.Duration) (verdict, *DeathError) {
	defer time.AfterFunc(limit, func() {
		p.kill(contracts.CodeResourceExhausted, "admission took longer than "+limit.String())
	}).Stop()
	err := p.in.send(kindModule, nil, wasm)
	var kind byte
	var body []byte
	if err == nil {
		kind, body, err = p.out.next()
	}
	var v verdict
	if err == nil {
		v, err = decodeCold[verdict](body)
	}
	if err == nil && kind != kindVerdict {
		err = malformed("kind %d where a verdict was due", kind)
	}
	if err != nil {
		return v, p.autopsy(err)
	}
	return v, nil
}

// retire lets a process end that has done what it was started for.
func (p *Processes) retire(child *process) {
	ctx, cancel := context.WithTimeout(context.Background(), dismissal)
	defer cancel()
	child.dismiss(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.live, child)
}
