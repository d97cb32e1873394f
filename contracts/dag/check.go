package dag

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jcs"
)

// Checkee is a successful result that a unit's checker (verify_with) is to look at.
type Checkee struct {
	// Invocation is what was computed, Input its input wherever that stands.
	Invocation *contracts.Invocation
	Input      []byte
	// Output is what came of it, Bytes its content.
	Output Output
	Bytes  []byte
	// Fuel is what computing it took.
	Fuel uint64
}

// ResolveCheck builds the invocation of a unit's checker, whose program was resolved
// to module and entry. Its input is
//
//	{"input": …, "media_type": "…", "output": …}
//
// in RFC 8785 form: the unit's input and its output. An output that is not JSON is
// mounted as the blob contracts.CheckedBlob instead, beside the blobs of the unit.
// Profile, memory and salt are the unit's, and so is the fuel that computing has left
// of what the unit may take: the checker can see, use and reveal no more than the unit
// could, and both together take no more than is set aside for the unit. Equal results
// have equal checks everywhere. The error is OUT_OF_FUEL where none is left.
func ResolveCheck(module cid.Cid, entry string, of Checkee) (*Resolved, error) {
	inv := *of.Invocation
	inv.Module, inv.Entry = contracts.Link{Cid: module}, entry
	if of.Fuel >= inv.Fuel {
		return nil, contracts.Errorf(contracts.CodeOutOfFuel, "verify_with", "the unit took all of its %d fuel and left its checker none", inv.Fuel)
	}
	inv.Fuel -= of.Fuel
	input, whole, err := checkInput(&of)
	if err != nil {
		return nil, err
	}
	if !whole {
		blobs := make(map[string]contracts.Link, len(inv.Blobs)+1)
		maps.Copy(blobs, inv.Blobs)
		blobs[contracts.CheckedBlob] = contracts.Link{Cid: of.Output.CID}
		inv.Blobs = blobs
	}
	return give(&inv, input)
}

// checkInput returns what a checker is given; whole is false when the output is not
// in it.
func checkInput(of *Checkee) (input []byte, whole bool, err error) {
	mediaType, err := contracts.JSONOf(of.Output.MediaType)
	if err != nil {
		return nil, false, fmt.Errorf("encode media type: %w", err)
	}
	b := append([]byte(`{"input":`), of.Input...)
	b = append(append(b, `,"media_type":`...), mediaType...)
	if of.Output.MediaType == contracts.DefaultMediaType {
		if output, err := contracts.NewJSON(of.Bytes); err == nil {
			return append(append(append(b, `,"output":`...), output...), '}'), true, nil
		}
	}
	return append(b, '}'), false, nil
}

// CheckVerdict is what a checker says of a result.
type CheckVerdict struct {
	Valid bool
	// Code is "" exactly if the result is valid: BAD_OUTPUT if it is not, and anything
	// else if the checker said neither. Detail says more, for people.
	Code   contracts.Code
	Detail string
}

// Refused reports whether the checker said that the result is not valid.
func (v CheckVerdict) Refused() bool { return v.Code == contracts.CodeBadOutput }

// NoVerdict is the verdict of a checker that says nothing. code must not be
// BAD_OUTPUT, which a checker that ends with it has no more to say by.
func NoVerdict(code contracts.Code, why string) CheckVerdict {
	if code == contracts.CodeBadOutput {
		code = contracts.CodeExitNonzero
	}
	return CheckVerdict{Code: code, Detail: "verify_with: the checker gave no verdict: " + why}
}

// maxReason bounds what a checker says of its reason, in bytes.
const maxReason = 256

// VerdictOf reads what came of a checker: the bytes of its output are needed if it
// succeeded. A checker that fails, or whose output is not an object with a boolean
// member valid, says nothing: it blames nobody.
func VerdictOf(r *contracts.Result, output []byte) CheckVerdict {
	if r.Outcome != contracts.Succeeded {
		return NoVerdict(r.ErrorCode, string(r.ErrorCode))
	}
	var said struct {
		Valid  *bool  `json:"valid"`
		Reason string `json:"reason"`
	}
	if _, err := jcs.Value(output); err != nil || json.Unmarshal(output, &said) != nil || said.Valid == nil {
		return NoVerdict(contracts.CodeValidation, `its output is not {"valid": true} or {"valid": false}`)
	}
	if *said.Valid {
		return CheckVerdict{Valid: true}
	}
	v := CheckVerdict{Code: contracts.CodeBadOutput, Detail: "verify_with: the checker found the output not valid"}
	if said.Reason != "" {
		v.Detail += ": " + strings.ToValidUTF8(said.Reason[:min(len(said.Reason), maxReason)], "")
	}
	return v
}

// Validated reports whether there is something that a unit's output is held to beside
// its own success: a schema, or a checker.
func Validated(u *contracts.WorkUnit) bool { return len(u.OutputSchema) > 0 || u.VerifyWith != nil }

// ValidationOf is a unit's validation status by how it ended; result says whether it
// has a result.
func ValidationOf(u *contracts.WorkUnit, state contracts.UnitState, reason contracts.StopReason, code contracts.Code, result bool) contracts.ValidationStatus {
	switch {
	case !result || !Validated(u):
	case state == contracts.UnitSuccess:
		return contracts.ValidationPassed
	case code == contracts.CodeSchemaMismatch, reason == contracts.StopVerificationFailed && code == contracts.CodeBadOutput:
		return contracts.ValidationFailed
	}
	return contracts.ValidationNone
}
