package num

import (
	"context"
	"math/big"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// BaseInput is a whole number in one radix and the radix it is wanted in.
type BaseInput struct {
	Value string `json:"value" jsonschema:"minLength=1,maxLength=10000" jsonschema_description:"digits 0-9 a-z of either case, with a sign or without; no prefix such as 0x"`
	From  int    `json:"from" jsonschema:"minimum=2,maximum=36"`
	To    int    `json:"to" jsonschema:"minimum=2,maximum=36"`
}

// BaseOutput is the number in the radix asked for.
type BaseOutput struct {
	Value string `json:"value" jsonschema_description:"lower-case digits, with a - if negative"`
}

// Base converts a whole number from one radix to another.
func Base(_ context.Context, in BaseInput) (BaseOutput, error) {
	if err := field.Between("from", in.From, 2, 36); err != nil {
		return BaseOutput{}, err
	}
	if err := field.Between("to", in.To, 2, 36); err != nil {
		return BaseOutput{}, err
	}
	if err := field.AtMost("value", len(in.Value), 10_000, "bytes"); err != nil {
		return BaseOutput{}, err
	}
	n, ok := new(big.Int).SetString(in.Value, in.From)
	if !ok || strings.Contains(in.Value, "_") {
		return BaseOutput{}, field.Errorf("value", "%.40q is not a whole number in base %d", in.Value, in.From)
	}
	return BaseOutput{n.Text(in.To)}, nil
}
