package contracts

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Bounds of one JSON Schema. Parts are the objects and booleans in it, each of
// which may be a schema; compiling takes time quadratic in their number.
const (
	maxSchemaBytes = 256 << 10
	maxSchemaParts = 2_000
)

// OutputSchema is a compiled JSON Schema 2020-12. It is safe for concurrent
// use; checks by one schema wait for each other.
type OutputSchema struct {
	compiled *jsonschema.Schema
	parts    int
	mu       sync.Mutex
	work     *work
}

// CompileSchema compiles a schema document. References stay inside the
// document: nothing is ever loaded from a file or a network. Documents that are equal
// may share what was compiled.
func CompileSchema(doc JSON) (*OutputSchema, error) {
	if s, ok := keptSchema(doc); ok {
		return s, nil
	}
	v, n, err := readSchema(doc, maxSchemaParts)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(closedLoader{})
	work := meter(c)
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
	o := &OutputSchema{compiled: s, parts: n, work: work}
	keepSchema(doc, o)
	return o, nil
}

// readSchema decodes a schema of at most so many parts, and counts them.
func readSchema(doc JSON, most int) (v any, n int, err error) {
	if len(doc) > maxSchemaBytes {
		return nil, 0, fmt.Errorf("schema is %d bytes, the limit is %d", len(doc), maxSchemaBytes)
	}
	if v, err = plainJSON(doc); err != nil {
		return nil, 0, fmt.Errorf("read schema: %w", err)
	}
	if n = parts(v); n > most {
		return nil, 0, fmt.Errorf("schema has %d parts, the limit is %d", n, most)
	}
	return v, n, nil
}

// plainJSON decodes the RFC 8785 form of doc, in which every number has at most
// the digits of a double: the validator computes with exact fractions, and
// those of 1e-4000000 it cannot even hold.
func plainJSON(doc []byte) (any, error) {
	canonical, err := jcs.Canonicalize(doc)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(canonical))
}

// Check validates the JSON bytes of an output. A mismatch is an *Error with
// CodeSchemaMismatch whose Offender is the pointer of the first bad value. So
// is an output that takes too much work to check: a schema can be written so
// that its work doubles with every level of its own or of the output.
func (s *OutputSchema) Check(output []byte) error {
	v, err := plainJSON(output)
	if err != nil {
		return Errorf(CodeSchemaMismatch, "", "output is not JSON: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.work.within(workBase+workPerByte*len(output), func() error { return s.compiled.Validate(v) })
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
