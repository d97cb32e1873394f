// Package entry has what a module of catalogue tasks is listed as: each task's
// function under its name, with the types that its schemas are made from. The
// package promises to hold no logic.
package entry

import (
	"context"
	"reflect"

	"github.com/krako-labs/krako/wasmtasks/sdk"
)

// Task is an entry of a module and the types of its input and output. An entry
// is called like its task, family/task@version, so that versions can live side by
// side.
type Task struct {
	Entry sdk.Entry
	// In is the type of the input; Out that of the output, sdk.Bytes if it is not
	// JSON of a Go type.
	In, Out reflect.Type
	// MediaType is the output's.
	MediaType string
}

// Of makes a task of a function whose output is JSON.
func Of[In, Out any](name string, run func(context.Context, In) (Out, error)) Task {
	return Task{sdk.Task(name, run), reflect.TypeFor[In](), reflect.TypeFor[Out](), sdk.MediaJSON}
}

// OfBytes makes a task of a function whose outputs are bytes of one media type,
// which each of them must name.
func OfBytes[In any](name, mediaType string, run func(context.Context, In) (sdk.Bytes, error)) Task {
	t := Of(name, run)
	t.MediaType = mediaType
	return t
}

// Main runs the program that consists of tasks. Examples is what describes them, a
// module's examples.json: of each task one is run when the module is initialised
// (sdk.Examples, sdk.Entry.WithExample).
func Main(tasks []Task, examples []byte) {
	inputs := sdk.Examples(examples)
	entries := make([]sdk.Entry, len(tasks))
	for i, t := range tasks {
		entries[i] = t.Entry.WithExample(inputs[t.Entry.Name()])
	}
	sdk.Main(entries...)
}
