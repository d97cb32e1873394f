package contracts

import (
	"fmt"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// ModelResult is the signed result of an llm unit. In a batch it stands where a
// Result stands for a CPU unit. Honest pods agree on it byte for byte only within
// one class, and only where the class promises that.
type ModelResult struct {
	Unit    Link    `json:"unit"`
	Outcome Outcome `json:"outcome"`
	// ErrorCode is BAD_OUTPUT for a failure: the model gave no valid output.
	ErrorCode   Code     `json:"error_code,omitempty"`
	Output      *Link    `json:"output,omitempty"`
	MediaType   string   `json:"media_type,omitempty"`
	OutputBytes uint64   `json:"output_bytes"`
	Model       ModelUse `json:"model"`
}

// ModelUse is what a model did for a result, in its server's own counts.
type ModelUse struct {
	// Model is the name of the model, Class the determinism class: results are
	// comparable byte for byte within one.
	Model string `json:"model"`
	Class string `json:"class"`
	// TokensIn and TokensOut are read and generated, a repair included.
	TokensIn  int64 `json:"tokens_in"`
	TokensOut int64 `json:"tokens_out"`
	// Calls is how many times the model was asked: twice after a repair.
	Calls int `json:"calls"`
	// Resumed is how many of the generated tokens came from a pod that was lost.
	Resumed int64 `json:"resumed,omitempty"`
}

// Block returns the canonical bytes of the result.
func (r *ModelResult) Block() ([]byte, error) {
	b, err := dagcbor.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode model result: %w", err)
	}
	return b, nil
}

// DecodeModelResult reads a model result block and returns it with its
// result_cid.
func DecodeModelResult(block []byte) (*ModelResult, cid.Cid, error) {
	id := dagcbor.CID(block)
	var r ModelResult
	if err := dagcbor.Unmarshal(block, &r); err != nil {
		return nil, id, Errorf(CodeValidation, id.String(), "decode model result: %w", err)
	}
	why := r.Result().malformed()
	switch {
	case why == "" && r.Outcome == Failed && r.ErrorCode != CodeBadOutput:
		why = "is a failure that no model has"
	case why == "" && r.Model.malformed():
		why = "says of its model what cannot be"
	}
	if why != "" {
		return nil, id, Errorf(CodeValidation, id.String(), "model result %s", why)
	}
	return &r, id, nil
}

// Result returns what the result says apart from the model's use.
func (r *ModelResult) Result() *Result {
	return &Result{
		Unit: r.Unit, Outcome: r.Outcome, ErrorCode: r.ErrorCode, Output: r.Output, MediaType: r.MediaType, OutputBytes: r.OutputBytes,
	}
}

func (u *ModelUse) malformed() bool {
	return u.Model == "" || u.Class == "" || len(u.Model) > maxUnitNameBytes || len(u.Class) > maxUnitNameBytes ||
		u.TokensIn < 0 || u.TokensOut < 0 || u.Calls < 1 || u.Resumed < 0 || u.Resumed > u.TokensOut
}

// DecodeAnyResult reads a result block of either kind, as a batch may hold both.
// use is nil for a CPU unit's.
func DecodeAnyResult(block []byte) (r *Result, use *ModelUse, id cid.Cid, err error) {
	r, id, err = DecodeResult(block)
	if err == nil {
		return r, nil, id, nil
	}
	if m, _, other := DecodeModelResult(block); other == nil {
		return m.Result(), &m.Model, id, nil
	}
	return nil, nil, id, err
}
