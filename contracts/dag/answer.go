package dag

import (
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/contracts/jsonpointer"
)

// Answer selects the final output from the whole JSON output of the unit that
// answered. An output that is not JSON answers null when the whole of it is
// asked for; a pointer into it is an error.
func Answer(f contracts.FinalOutput, mediaType string, output []byte) (contracts.JSON, error) {
	if mediaType != contracts.DefaultMediaType && f.Select == "" {
		return nil, nil
	}
	doc, err := jcs.Value(output)
	if err != nil {
		if f.Select == "" {
			return nil, nil
		}
		return nil, contracts.Errorf(contracts.CodeBadOutput, string(f.WorkUnitID), "final output is not JSON: %w", err)
	}
	v, err := jsonpointer.Get(doc, f.Select)
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeBadOutput, string(f.WorkUnitID), "final output: %w", err)
	}
	return contracts.JSONOf(v)
}
