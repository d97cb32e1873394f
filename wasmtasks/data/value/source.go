package value

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// MaxBytes bounds a document. A document needs some ten times its length of
// memory.
const MaxBytes = 32 << 20

// Source is where a document comes from; exactly one of its fields is set.
type Source struct {
	Value json.RawMessage `json:"value,omitempty" jsonschema:"oneof_required=value" jsonschema_description:"the document itself; its numbers are doubles, as everywhere in canonical JSON"`
	Text  string          `json:"text,omitempty" jsonschema:"oneof_required=text" jsonschema_description:"the document as text, which keeps all digits and the order of members"`
	Blob  string          `json:"blob,omitempty" jsonschema:"oneof_required=blob" jsonschema_description:"the name of a blob with the text"`
}

// Bytes returns the document's text. Errors name fields below name.
func (s Source) Bytes(ctx context.Context, name string) ([]byte, error) {
	given := 0
	for _, is := range []bool{s.Value != nil, s.Text != "", s.Blob != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		return nil, field.Errorf(name, "has %d of value, text and blob, not one", given)
	}
	text := []byte(s.Text)
	switch {
	case s.Value != nil:
		text = s.Value
	case s.Blob != "":
		b, err := sdk.Blob(ctx, s.Blob)
		if err != nil {
			return nil, field.Errorf(name+".blob", "%v", err)
		}
		text = b
	}
	if err := field.AtMost(name, len(text), MaxBytes, "bytes"); err != nil {
		return nil, err
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}

// Read returns the document, which is JSON.
func (s Source) Read(ctx context.Context, name string) (Value, error) {
	text, err := s.Bytes(ctx, name)
	if err != nil {
		return Value{}, err
	}
	v, err := Parse(text)
	if err != nil {
		return Value{}, field.Errorf(name, "is not JSON: %v", err)
	}
	return v, nil
}

// Form is how a task gives a document back; inputs embed it.
type Form struct {
	As string `json:"as,omitempty" jsonschema:"enum=value,enum=text" jsonschema_description:"value, the default: JSON in the output; text: its text, with all digits and the order of members"`
}

// Result is a document that a task gives back.
type Result struct {
	Value json.RawMessage `json:"value,omitempty" jsonschema_description:"the document, unless its text was asked for"`
	Text  string          `json:"text,omitempty" jsonschema_description:"the document's text, if it was asked for"`
}

// Check reports an unknown form.
func (f Form) Check() error {
	if f.As == "" {
		return nil
	}
	return field.OneOf("as", f.As, "value", "text")
}

// Give makes a result of v. A value whose numbers would not survive the output's
// canonical form is refused.
func (f Form) Give(v Value) (Result, error) {
	if f.As == "text" {
		return Result{Text: string(v.Append(nil))}, nil
	}
	if at, changed := v.Changed(); changed {
		return Result{}, field.Errorf("as", "the number at %q is larger than canonical JSON holds exactly: ask for text", at)
	}
	return Result{Value: v.Append(nil)}, nil
}
