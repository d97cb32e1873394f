// Command guest is a program of tasks for the SDK's tests.
package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/sdk"
)

func main() {
	sdk.Main(
		sdk.Task("sum", sum), sdk.Task("repeat", repeat), sdk.Task("blobs", blobs), sdk.Task("upper", upper),
		sdk.Task("calls", calls), sdk.Task("fail", fail), sdk.Task("panic", crash), sdk.Task(`"odd\`, odd),
	)
}

type numbers struct {
	Name   string    `json:"name"`
	Values []float64 `json:"values"`
}

type total struct {
	Name  string  `json:"name"`
	Sum   float64 `json:"sum"`
	Count int     `json:"count"`
}

func sum(_ context.Context, in numbers) (total, error) {
	out := total{Name: in.Name, Count: len(in.Values)}
	for _, v := range in.Values {
		out.Sum += v
	}
	return out, nil
}

// repeat has an input of any length and an output of any length.
func repeat(_ context.Context, in struct {
	Text  string `json:"text"`
	Times int    `json:"times"`
}) (string, error) {
	return strings.Repeat(in.Text, in.Times), nil
}

// blobs reads every blob in two ways and returns their contents by name.
func blobs(ctx context.Context, _ struct{}) (map[string]string, error) {
	names, err := sdk.Blobs(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, name := range names {
		whole, err := sdk.Blob(ctx, name)
		if err != nil {
			return nil, err
		}
		r, err := sdk.OpenBlob(ctx, name)
		if err != nil {
			return nil, err
		}
		read, err := io.ReadAll(r)
		if err != nil || string(read) != string(whole) {
			return nil, errors.New("reading " + name + " in parts gives something else")
		}
		out[name] = string(whole)
	}
	return out, nil
}

// upper has an output that is not JSON, and a log.
func upper(ctx context.Context, _ struct{}) (sdk.Bytes, error) {
	b, err := sdk.Blob(ctx, "text")
	sdk.Logf(ctx, "read %d bytes", len(b))
	return sdk.Bytes{MediaType: "text/plain", Data: []byte(strings.ToUpper(string(b)))}, err
}

var called int

// calls tells how often it was called since the program was initialised.
func calls(context.Context, struct{}) (int, error) {
	called++
	return called, nil
}

func fail(context.Context, struct{}) (int, error) { return 0, errors.New("failed on purpose") }

func crash(context.Context, struct{}) (int, error) { panic("crashed on purpose") }

// fragile cannot be encoded or decoded while it is zero.
type fragile struct{ inner *int }

func (f fragile) MarshalText() ([]byte, error)  { return []byte{byte(*f.inner)}, nil }
func (f fragile) UnmarshalText(b []byte) error  { *f.inner = len(b); return nil }
func odd(context.Context, fragile) (int, error) { return 0, nil }
