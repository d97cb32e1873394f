// Command describe writes the tasks.json of a module that carries many tasks:
// what examples.json says of each, with the schemas of its Go types.
// scripts/build-tasks runs it.
//
//	describe std < wasmtasks/std/examples.json > wasmtasks/std/tasks.json
package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	data "github.com/krako-labs/krako/wasmtasks/data/library"
	"github.com/krako-labs/krako/wasmtasks/entry"
	jsontasks "github.com/krako-labs/krako/wasmtasks/json/library"
	know "github.com/krako-labs/krako/wasmtasks/know/library"
	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/exact"
	std "github.com/krako-labs/krako/wasmtasks/std/library"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "describe:", err)
		os.Exit(1)
	}
}

// source is an element of examples.json.
type source struct {
	Task string `json:"task"`
	// Type is the type of the units that run the task, by default deterministic.
	Type        string            `json:"type"`
	Description string            `json:"description"`
	Blobs       string            `json:"blobs"`
	Examples    []json.RawMessage `json:"examples"`
}

// description is an element of tasks.json.
type description struct {
	Name            string             `json:"name"`
	Type            string             `json:"type"`
	Entry           string             `json:"entry"`
	Description     string             `json:"description"`
	Input           string             `json:"input"`
	Blobs           string             `json:"blobs,omitempty"`
	OutputMediaType string             `json:"output_media_type"`
	InputSchema     *jsonschema.Schema `json:"input_schema"`
	OutputSchema    *jsonschema.Schema `json:"output_schema,omitempty"`
	Examples        []json.RawMessage  `json:"examples"`
}

// libraries are the modules that can be described.
func libraries() map[string]func() []entry.Task {
	return map[string]func() []entry.Task{"std": std.Tasks, "data": data.Tasks, "json": jsontasks.Tasks, "know": know.Tasks}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 || libraries()[args[0]] == nil {
		return fmt.Errorf("want one of %q", slices.Sorted(maps.Keys(libraries())))
	}
	tasks := libraries()[args[0]]()
	var sources []source
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	if err := d.Decode(&sources); err != nil {
		return fmt.Errorf("read examples: %w", err)
	}
	if len(sources) != len(tasks) {
		return fmt.Errorf("%d tasks have examples, %d are in the library", len(sources), len(tasks))
	}
	all := make([]description, len(tasks))
	for i, t := range tasks {
		s := sources[i]
		if s.Task != t.Entry.Name() || len(s.Examples) == 0 || s.Description == "" {
			return fmt.Errorf("%q is not described where %q belongs", s.Task, t.Entry.Name())
		}
		in := schema(t.In)
		all[i] = description{
			s.Task, cmp.Or(s.Type, "deterministic"), s.Task, s.Description, fields(in), s.Blobs, t.MediaType, in, outputSchema(t), s.Examples,
		}
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(all)
}

// outputSchema is nil for outputs that are not JSON of a Go type.
func outputSchema(t entry.Task) *jsonschema.Schema {
	if t.Out == reflect.TypeFor[sdk.Bytes]() {
		return nil
	}
	return schema(t.Out)
}

// schema reflects a type. A Number may be written as a JSON number too.
func schema(t reflect.Type) *jsonschema.Schema {
	r := jsonschema.Reflector{Anonymous: true, DoNotReference: true, Mapper: func(t reflect.Type) *jsonschema.Schema {
		if t != reflect.TypeFor[exact.Number]() {
			return nil
		}
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}}, Description: "a decimal number; one of more than 15 digits as a string"}
	}}
	return r.ReflectFromType(t)
}

// fields lists the names of an input's fields, for people.
func fields(s *jsonschema.Schema) string {
	var names []string
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		names = append(names, p.Key)
	}
	return "{" + strings.Join(names, ", ") + "}"
}
