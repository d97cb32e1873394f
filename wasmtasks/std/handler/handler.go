// Package handler is the deterministic handlers of KORA's Task IR 0.1 that graphs of
// it consist of: small answers whose work is nothing beside the work of running
// anything. The package promises to act on nothing but its input.
package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Input is a task of the IR, as far as a handler looks at it.
type Input struct {
	Handler string                     `json:"handler" jsonschema:"enum=echo,enum=classify_simple,enum=flaky_once,enum=det.echo,enum=skip_if,enum=constant"`
	ID      string                     `json:"id,omitempty" jsonschema_description:"the task's id"`
	In      map[string]json.RawMessage `json:"in,omitempty" jsonschema_description:"what the task is given"`
	Args    map[string]json.RawMessage `json:"args,omitempty" jsonschema_description:"what the handler is given besides"`
	Attempt int                        `json:"attempt,omitempty" jsonschema:"minimum=0" jsonschema_description:"of the task, counted from 1"`
	// Deps are the outputs of dependencies, each at one of several places.
	Deps   map[string][]json.RawMessage `json:"deps,omitempty" jsonschema_description:"outputs of dependencies: the first of a list that is not null"`
	Key    string                       `json:"key,omitempty" jsonschema_description:"for skip_if: the member of an output to look at"`
	Equals json.RawMessage              `json:"equals,omitempty" jsonschema_description:"for skip_if: what it has to equal, true being 1 and what is absent null"`
}

// Output has the handler's output as its one result.
type Output struct {
	Results []json.RawMessage `json:"results"`
}

// Handle runs a handler.
func Handle(_ context.Context, in Input) (Output, error) {
	out, err := in.handle()
	return Output{Results: []json.RawMessage{out}}, err
}

func (in *Input) handle() (json.RawMessage, error) {
	switch in.Handler {
	case "echo":
		return in.answer("message", orNull(in.member("message")))
	case "classify_simple":
		const simple = 80 // characters
		return in.answer("is_simple", truth(utf8.RuneCountInString(in.text()) < simple))
	case "flaky_once":
		if in.Attempt == 1 {
			return nil, errors.New("flaky_once: intentional fail")
		}
		return in.answer("message", json.RawMessage(`"recovered"`))
	case "det.echo", "constant":
		return object(in.In)
	case "skip_if":
		return truth(in.skips()), nil
	}
	return nil, field.Errorf("handler", "is %q, which is none", in.Handler)
}

// answer is an object of one member, a status and the task's id. It is written by
// hand: the names are in order, and a map takes longer than the rest of the handler.
func (in *Input) answer(name string, value json.RawMessage) (json.RawMessage, error) {
	id, err := quote(in.ID)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(name)+len(value)+len(id)+40)
	b = append(append(append(b, `{"`...), name...), `":`...)
	b = append(append(b, value...), `,"status":"ok","task_id":`...)
	return append(append(b, id...), '}'), nil
}

// quote is a text as JSON.
func quote(s string) ([]byte, error) {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return json.Marshal(s)
		}
	}
	return append(append(append(make([]byte, 0, len(s)+2), '"'), s...), '"'), nil
}

// object is an object as JSON, its names in order.
func object(members map[string]json.RawMessage) (json.RawMessage, error) {
	if members == nil {
		return json.RawMessage("null"), nil
	}
	size, names := 2, make([]string, 0, len(members))
	for name, v := range members {
		size += len(name) + len(v) + 4
		names = append(names, name)
	}
	slices.Sort(names)
	b := append(make([]byte, 0, size), '{')
	for i, name := range names {
		quoted, err := quote(name)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, quoted...), ':'), orNull(members[name])...)
	}
	return append(b, '}'), nil
}

func truth(b bool) json.RawMessage {
	if b {
		return json.RawMessage("true")
	}
	return json.RawMessage("false")
}

// member returns what stands under a name in the input, or else in the arguments; nil
// if neither has it, or has null.
func (in *Input) member(name string) json.RawMessage {
	for _, given := range []map[string]json.RawMessage{in.In, in.Args} {
		if v := given[name]; !null(v) {
			return v
		}
	}
	return nil
}

var (
	members   = sdk.Reader[map[string]json.RawMessage]()
	plainText = sdk.Reader[string]()
)

// text is the text a handler is about; what is no text is taken as JSON.
func (in *Input) text() string {
	raw := in.member("text")
	if raw == nil {
		return ""
	}
	if s, err := plainText(raw); err == nil {
		return s
	}
	return string(raw)
}

// skips reports whether some dependency's output has the value under the key.
func (in *Input) skips() bool {
	if in.Key == "" {
		return false
	}
	want := plain(in.Equals)
	for _, name := range slices.Sorted(maps.Keys(in.Deps)) {
		i := slices.IndexFunc(in.Deps[name], func(v json.RawMessage) bool { return !null(v) })
		if i < 0 {
			continue
		}
		out, err := members(in.Deps[name][i])
		if err == nil && bytes.Equal(plain(out[in.Key]), want) {
			return true
		}
	}
	return false
}

// plain is a value as the language compares it in which the IR was first run: there
// true is 1. Inputs are in canonical form, so that equal values have equal bytes.
func plain(v json.RawMessage) json.RawMessage {
	switch string(v) {
	case "":
		return json.RawMessage("null")
	case "true":
		return json.RawMessage("1")
	case "false":
		return json.RawMessage("0")
	}
	return v
}

func null(v json.RawMessage) bool { return len(v) == 0 || string(v) == "null" }

func orNull(v json.RawMessage) json.RawMessage {
	if len(v) == 0 {
		return json.RawMessage("null")
	}
	return v
}
