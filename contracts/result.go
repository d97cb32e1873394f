package contracts

import (
	"fmt"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// DefaultMediaType is the media type of an output that declares none.
const DefaultMediaType = "application/json"

// MaxMediaTypeBytes is the longest media type of an output.
const MaxMediaTypeBytes = 127

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
	b, err := r.append(make([]byte, 0, 256))
	if err == nil {
		err = dagcbor.Check(b)
	}
	if err != nil {
		return nil, fmt.Errorf("encode result: %w", err)
	}
	return b, nil
}

// DecodeResult reads a result block and returns it with its result_cid.
func DecodeResult(block []byte) (*Result, cid.Cid, error) {
	id := dagcbor.CID(block)
	r, err := readResult(block)
	if err != nil {
		return nil, id, Errorf(CodeValidation, id.String(), "decode result: %w", err)
	}
	if why := r.malformed(); why != "" {
		return nil, id, Errorf(CodeValidation, id.String(), "result %s", why)
	}
	return r, id, nil
}

// malformed says what is wrong with a decoded result, "" if nothing is. There
// is one form of success and one of failure: whatever a failed computation
// wrote before it stopped is not part of its result.
func (r *Result) malformed() string {
	switch {
	case !blockLink(r.Unit):
		return "names no unit"
	case r.Outcome == Succeeded && (r.Output == nil || !rawLink(*r.Output) || r.MediaType == "" || r.ErrorCode != ""):
		return "is a success without output and media type, or with an error code"
	case r.Outcome == Succeeded && len(r.MediaType) > MaxMediaTypeBytes:
		return "has a media type that is too long"
	case r.Outcome == Failed && !r.ErrorCode.Deterministic():
		return "is a failure for no reason that a computation itself can have"
	case r.Outcome == Failed && (r.Output != nil || r.MediaType != "" || r.OutputBytes != 0):
		return "is a failure with an output"
	case r.Outcome != Succeeded && r.Outcome != Failed:
		return "has no outcome"
	}
	return ""
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
