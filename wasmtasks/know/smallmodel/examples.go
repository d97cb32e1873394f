package smallmodel

import (
	"context"
	"errors"
	"io/fs"

	"github.com/krako-labs/krako/wasmtasks/know/jsonl"
	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

const (
	maxExamples = 200_000
	maxLabel    = 128
)

// Example is a text and the label that it has.
type Example struct {
	Text  string `json:"text"`
	Label string `json:"label" jsonschema:"minLength=1,maxLength=128"`
}

// gather returns the examples of a call: those of the input, or the lines of the
// blob of that name.
func gather(ctx context.Context, name string, inline []Example) ([]Example, error) {
	if err := field.AtMost(name, len(inline), maxExamples, "examples"); err != nil {
		return nil, err
	}
	for i, x := range inline {
		if err := x.check(field.Index(name, i)); err != nil {
			return nil, err
		}
	}
	blob, err := sdk.OpenBlob(ctx, name)
	switch {
	case err == nil && inline != nil:
		return nil, errors.Join(field.Errorf(name, "are in the input and in a blob"), blob.Close())
	case errors.Is(err, fs.ErrNotExist):
		return inline, nil
	case err != nil:
		return nil, err
	}
	defer blob.Close()
	var all []Example
	err = jsonl.Each(blob, name, maxExamples, func(at string, x Example) error {
		all = append(all, x)
		return x.check(at)
	})
	return all, err
}

func (x *Example) check(at string) error {
	if err := field.Between(at+".label", len(x.Label), 1, maxLabel); err != nil {
		return err
	}
	return checkText(at+".text", x.Text)
}
