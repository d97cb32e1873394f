package contracts

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// maxSchemaBytes bounds one JSON Schema.
const maxSchemaBytes = 256 << 10

// OutputSchema is a compiled JSON Schema 2020-12. It is safe for concurrent use.
type OutputSchema struct{ compiled *jsonschema.Schema }

// CompileSchema compiles a schema document. References stay inside the
// document: nothing is ever loaded from a file or a network.
func CompileSchema(doc JSON) (*OutputSchema, error) {
	if len(doc) > maxSchemaBytes {
		return nil, fmt.Errorf("schema is %d bytes, the limit is %d", len(doc), maxSchemaBytes)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(closedLoader{})
	// A base with a path, so that a relative reference leads out of the document
	// and is refused; to a URN it would lead back to the schema itself.
	const name = "https://schema.invalid/output"
	if err := c.AddResource(name, v); err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	s, err := c.Compile(name)
	if err != nil {
		return nil, fmt.Errorf("compile schema: %w", err)
	}
	return &OutputSchema{s}, nil
}

// Check validates the JSON bytes of an output. A mismatch is an *Error with
// CodeSchemaMismatch whose Offender is the pointer of the first bad value.
func (s *OutputSchema) Check(output []byte) error {
	if _, err := jcs.Canonicalize(output); err != nil {
		return Errorf(CodeSchemaMismatch, "", "output is not JSON: %w", err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(output))
	if err != nil {
		return Errorf(CodeSchemaMismatch, "", "output is not JSON: %w", err)
	}
	err = s.compiled.Validate(v)
	if err == nil {
		return nil
	}
	if ve, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		at, msg := deepestCause(ve)
		return Errorf(CodeSchemaMismatch, at, "%s", msg)
	}
	return Errorf(CodeSchemaMismatch, "", "%w", err)
}

// deepestCause follows the first cause down to the value at fault.
func deepestCause(e *jsonschema.ValidationError) (pointer, msg string) {
	for len(e.Causes) > 0 {
		e = e.Causes[0]
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var at strings.Builder
	for _, tok := range e.InstanceLocation {
		at.WriteByte('/')
		at.WriteString(escape.Replace(tok))
	}
	return at.String(), e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
}

type closedLoader struct{}

func (closedLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("reference to %q leaves the document", url)
}
