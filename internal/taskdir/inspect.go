package taskdir

import (
	"context"
	"errors"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
)

// Inspection is what there is to know of a module.
type Inspection struct {
	CID   contracts.Link `json:"cid"`
	Bytes int            `json:"bytes"`
	// Outline is what the bytes say, as far as they can be read.
	Outline
	// Refusal says why no node runs the module; nil means that nodes do.
	Refusal *contracts.Error `json:"refusal,omitempty"`
	// Admitted is set if there is no Refusal.
	Admitted *Admitted `json:"admitted,omitempty"`
	// Hints are for people: what is probably not meant.
	Hints []string `json:"hints,omitempty"`
}

// Admitted is what a sandbox makes of a module.
type Admitted struct {
	Profile string `json:"profile"`
	ABI     string `json:"abi"`
	// MemoryMin and MemoryMax are in pages of 64 KiB.
	MemoryMin uint32 `json:"memory_min_pages"`
	MemoryMax uint32 `json:"memory_max_pages"`
	// Rewriter names the rules by which the module was made deterministic and
	// metered, Rewritten what came out: the same on every machine.
	Rewriter       string         `json:"rewriter"`
	Rewritten      contracts.Link `json:"rewritten"`
	RewrittenBytes int            `json:"rewritten_bytes"`
	DataBytes      int            `json:"data_bytes"`
	// Snapshot addresses the state that units start from (sandbox.Module.Snapshot).
	Snapshot contracts.Link `json:"snapshot"`
	// NotPooled says why every unit gets an instance of its own, if so.
	NotPooled string `json:"not_pooled,omitempty"`
	// Took is how long checking, compiling and initialising took, in
	// nanoseconds in JSON; less if the sandbox knew the module.
	Took time.Duration `json:"admission_ns"`
}

// Inspect takes a module apart and has a sandbox admit it. An error is the
// machine's or the context's; a module that is refused is an Inspection too.
func Inspect(ctx context.Context, s *sandbox.Sandbox, wasm []byte) (*Inspection, error) {
	i := &Inspection{CID: contracts.Link{Cid: dagcbor.RawCID(wasm)}, Bytes: len(wasm), Outline: ReadOutline(wasm)}
	i.Hints = i.Outline.hints()
	began := time.Now()
	var m *sandbox.Module
	static, err := sandbox.Inspect(wasm)
	if err == nil {
		m, err = s.Admit(ctx, wasm)
	}
	if e, ok := errors.AsType[*contracts.Error](err); ok && e.Code == contracts.CodeValidation {
		i.Refusal = e
		return i, nil
	}
	if err != nil {
		return nil, err
	}
	i.Admitted = &Admitted{
		Profile: sandbox.Profile, ABI: static.ABI.String(), MemoryMin: static.MemoryMin, MemoryMax: static.MemoryMax,
		Rewriter: static.Rewriter, Rewritten: contracts.Link{Cid: dagcbor.RawCID(static.Rewritten)},
		RewrittenBytes: len(static.Rewritten), DataBytes: static.DataBytes, NotPooled: static.NotPooled, Took: time.Since(began),
		Snapshot: contracts.Link{Cid: m.Snapshot()},
	}
	return i, nil
}

// hints tell what builds that went wrong look like.
func (o *Outline) hints() []string {
	var hints []string
	if o.exports("krako_run") && o.exports("_start") {
		hints = append(hints, "exports krako_run and _start: a Go program for the sandbox is built with -buildmode=c-shared")
	}
	if o.exports("_initialize") && !o.exports("krako_run") && !o.exports("_start") {
		hints = append(hints, "exports _initialize, but neither krako_run nor _start: a library that nothing calls")
	}
	for _, s := range o.Sections {
		if s.Name == "custom .debug_info" || s.Name == "custom name" {
			hints = append(hints, "has debugging sections: strip them to make it smaller")
			break
		}
	}
	return hints
}
