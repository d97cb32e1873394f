package contracts

import (
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The work allowed for one check grows with the output: enough for some dozens
// of schemas on every value of it.
const (
	workBase    = 100_000
	workPerByte = 4
)

var errWork = errors.New("checking it by its schema takes too much work")

// work counts down while a schema is evaluated. It is not safe for concurrent
// use.
type work struct{ left int }

// spent is what exhausted work panics with, to end an evaluation that offers no
// other way out. It never leaves within.
type spent struct{}

// within runs f, which may do so much work, or ends it with errWork. Any other
// panic becomes an error too: schema and output come from strangers, and the
// evaluation is not our code.
func (w *work) within(most int, f func() error) (err error) {
	w.left = most
	defer func() {
		switch r := recover(); r.(type) {
		case nil:
		case spent:
			err = errWork
		default:
			err = fmt.Errorf("checking it by its schema fails: %v", r)
		}
	}()
	return f()
}

func (w *work) do(n int) {
	if w.left -= n; w.left < 0 {
		panic(spent{})
	}
}

// meter makes every schema that c compiles count its evaluations. A vocabulary
// is how the compiler shows each of them; the format of a schema is looked at
// once the value has the right type and before anything below it, so whatever
// is not counted is a leaf below something that is.
func meter(c *jsonschema.Compiler) *work {
	w := &work{}
	c.RegisterVocabulary(&jsonschema.Vocabulary{
		URL: "https://schema.invalid/vocabulary/work",
		Compile: func(ctx *jsonschema.CompilerContext, _ map[string]any) (jsonschema.SchemaExt, error) {
			s := ctx.Enqueue(nil) // the schema being compiled itself
			s.Format = w.counted(s, s.Format)
			return nil, nil
		},
	})
	c.AssertVocabs()
	return w
}

// counted is the format of s, if any, after the work of evaluating s itself:
// one for it and for each schema beside it, on every element of a container.
func (w *work) counted(s *jsonschema.Schema, format *jsonschema.Format) *jsonschema.Format {
	beside := len(s.AllOf) + len(s.AnyOf) + len(s.OneOf) + len(s.DependentSchemas)
	below := 1 + len(s.PatternProperties)
	return &jsonschema.Format{Name: "work", Validate: func(v any) error {
		w.do(1 + beside + below*size(v))
		if format == nil {
			return nil
		}
		return format.Validate(v)
	}}
}

// size is how many steps go through a value once, a step being some bytes of
// text.
func size(v any) int {
	switch v := v.(type) {
	case map[string]any:
		return len(v)
	case []any:
		return len(v)
	case string:
		return len(v) / 64
	}
	return 0
}

// parts counts what may be a schema in a document that is one.
func parts(v any) int {
	n := 0
	switch v := v.(type) {
	case bool:
		n = 1
	case map[string]any:
		n = 1
		for _, e := range v {
			n += parts(e)
		}
	case []any:
		for _, e := range v {
			n += parts(e)
		}
	}
	return n
}
