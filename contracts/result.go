package contracts

import (
	"fmt"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// DefaultMediaType is the media type of an output that declares none.
const DefaultMediaType = "application/json"

// Outcome is how a computation itself ended.
type Outcome string

// The outcomes of a computation. Deadlines, cancellations and node faults are
// never outcomes: they say nothing about the computation.
const (
	Succeeded Outcome = "success"
	Failed    Outcome = "failed"
)

// Result is the deterministic half of what a node reports: byte-identical on
// every honest node. Its CID is result_cid.
type Result struct {
	Unit    Link    `json:"unit"`
	Outcome Outcome `json:"outcome"`
	// ErrorCode says why a failed computation stopped.
	ErrorCode   Code   `json:"error_code,omitempty"`
	Output      *Link  `json:"output,omitempty"`
	MediaType   string `json:"media_type,omitempty"`
	OutputBytes uint64 `json:"output_bytes"`
	FuelUsed    uint64 `json:"fuel_used"`
	MemoryPages uint32 `json:"memory_pages"`
}

// Block returns the canonical bytes of the result.
func (r *Result) Block() ([]byte, error) {
	b, err := dagcbor.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode result: %w", err)
	}
	return b, nil
}

// DecodeResult reads a result block and returns it with its result_cid.
func DecodeResult(block []byte) (*Result, cid.Cid, error) {
	id := dagcbor.CID(block)
	var r Result
	if err := dagcbor.Unmarshal(block, &r); err != nil {
		return nil, id, Errorf(CodeValidation, id.String(), "decode result: %w", err)
	}
	ok := r.Unit.Defined()
	switch r.Outcome {
	case Succeeded:
		ok = ok && r.Output != nil && r.MediaType != "" && r.ErrorCode == ""
	case Failed:
		ok = ok && r.Output == nil && r.ErrorCode.Deterministic()
	default:
		ok = false
	}
	if !ok {
		return nil, id, Errorf(CodeValidation, id.String(), "result is neither a success with an output nor a failure with a deterministic code")
	}
	return &r, id, nil
}

// Deterministic reports whether a computation itself can end with c.
func (c Code) Deterministic() bool {
	switch c {
	case CodeTrap, CodeExitNonzero, CodeOutOfFuel, CodeOutOfMemory, CodeStackOverflow, CodeBadOutput:
		return true
	}
	return false
}

// Observed is the half of a result that depends on who ran it and when.
type Observed struct {
	Node       NodeID `json:"node"`
	Lease      uint64 `json:"lease"`
	Epoch      uint64 `json:"epoch"`
	Attempt    uint32 `json:"attempt"`
	StartedAt  Time   `json:"started_at"`
	FinishedAt Time   `json:"finished_at"`
	DurationUS uint64 `json:"duration_us"`
}
