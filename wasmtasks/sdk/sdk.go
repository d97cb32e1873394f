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
	"reflect"
	"unsafe"
)

// Entry is one task of a program: the name it is invoked by, and its function
// with JSON decoding and output encoding around it.
type Entry struct {
	name    string
	run     func(ctx context.Context, input []byte) (Bytes, error)
	codec   *codec
	example []byte
}

// Task makes an entry of a function. The input is decoded strictly into In: an
// unknown field, a wrong type or trailing data is an error and run is not
// called. The output is encoded as JSON, except that an Out of type Bytes is
// emitted as it is. An error ends the unit with EXIT_NONZERO and its text as the
// message.
//
// A reactor encodes and decodes a zero In and a zero Out when it is initialised,
// so methods of these types that do so should expect that. A json.RawMessage of an
// input is the input's memory: it is read, not written to.
func Task[In, Out any](name string, run func(ctx context.Context, in In) (Out, error)) Entry {
	c := newCodec(reflect.TypeFor[In](), reflect.TypeFor[Out]())
	return Entry{name: name, codec: c, run: func(ctx context.Context, input []byte) (Bytes, error) {
		in := new(In)
		if err := c.decode(input, unsafe.Pointer(in)); err != nil {
			return Bytes{}, fmt.Errorf("read input: %w", err)
		}
		out, err := run(ctx, *in)
		if err != nil {
			return Bytes{}, err
		}
		return c.encode(unsafe.Pointer(&out))
	}}
}

// WithExample returns the entry with an input that a reactor runs when it is
// initialised, without blobs. What the task then builds once, tables and the like, is
// there for every unit; what comes of the example is of no interest.
func (e Entry) WithExample(input []byte) Entry {
	e.example = input
	return e
}

// Name returns the name the entry is invoked by.
func (e Entry) Name() string { return e.name }

// Run decodes input, runs the task and encodes its output, as a sandbox would
// have it done. The context supplies blobs and log (NewContext).
func (e Entry) Run(ctx context.Context, input []byte) (Bytes, error) { return e.run(ctx, input) }

// find returns the entry called name. A program with a single task also runs
// it for the empty name.
func find(entries []Entry, name string) (*Entry, error) {
	if name == "" && len(entries) == 1 {
		return &entries[0], nil
	}
	for i := range entries {
		if entries[i].name == name {
			return &entries[i], nil
		}
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.name
	}
	return nil, fmt.Errorf("no entry %q, this program has %q", name, names)
}
