// Package sdk is what a Krako task written in Go is built with: a task is a
// function from one typed JSON value to another, and a program is a list of
// named tasks.
//
//	func count(ctx context.Context, in Input) (Output, error) { … }
//
//	func main() { sdk.Main(sdk.Task("count", count)) }
//
// Built for any other system than wasip1 the program is an ordinary command, for
// tests and debugging: "program ENTRY [BLOB_DIRECTORY]" with the input on standard
// input and the output on standard output.
//
// For the Krako sandbox it is built as a reactor,
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared
//
// which is initialised once, when a node first gets the module, and then called
// for each unit from a copy of the memory that initialisation left: package
// variables are what their initialisers made them, whatever earlier units did. A
// reactor's main function is not called by anyone, so that the program needs a
// file that does, called zz_reactor_wasip1.go because init functions run in the
// order of their files' names:
//
//	package main
//
//	func init() { main() }
//
// With -tags krako_command and without -buildmode the same program is a WASI
// command instead, which starts anew for each unit: some milliseconds more.
//
// Nothing that a task sees depends on the ABI: it has its input, its context and
// the blobs mounted for it. The package promises not to read a clock, the
// environment or the network and not to start goroutines, and it imports little,
// because every guest carries it.
package sdk

import (
	"context"
	"fmt"
)

// Entry is one task of a program: the name it is invoked by, and its function
// with JSON decoding and output encoding around it.
type Entry struct {
	name string
	run  func(ctx context.Context, input []byte) (Bytes, error)
	warm func()
}

// Task makes an entry of a function. The input is decoded strictly into In: an
// unknown field, a wrong type or trailing data is an error and run is not
// called. The output is encoded as JSON, except that an Out of type Bytes is
// emitted as it is. An error ends the unit with EXIT_NONZERO and its text as the
// message.
//
// A reactor encodes and decodes a zero In and a zero Out when it is initialised,
// so methods of these types that do so should expect that.
func Task[In, Out any](name string, run func(ctx context.Context, in In) (Out, error)) Entry {
	return Entry{name: name, warm: warm[In, Out], run: func(ctx context.Context, input []byte) (Bytes, error) {
		var in In
		if err := decode(input, &in); err != nil {
			return Bytes{}, fmt.Errorf("read input: %w", err)
		}
		out, err := run(ctx, in)
		if err != nil {
			return Bytes{}, err
		}
		return encode(out)
	}}
}

// Name returns the name the entry is invoked by.
func (e Entry) Name() string { return e.name }

// Run decodes input, runs the task and encodes its output, as a sandbox would
// have it done. The context supplies blobs and log (NewContext).
func (e Entry) Run(ctx context.Context, input []byte) (Bytes, error) { return e.run(ctx, input) }

// find returns the entry called name. A program with a single task also runs
// it for the empty name.
func find(entries []Entry, name string) (Entry, error) {
	if name == "" && len(entries) == 1 {
		return entries[0], nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		if e.name == name {
			return e, nil
		}
		names[i] = e.name
	}
	return Entry{}, fmt.Errorf("no entry %q, this program has %q", name, names)
}
