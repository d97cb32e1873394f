package sdk

import (
	"context"
	"reflect"
)

// warm makes encoding/json compile the types that it is to read or write, which takes
// five times as long as an ordinary call. Of inputs that a decoder reads it sees those
// that are wrong, of outputs that an encoder writes none. Types that cannot be
// encoded, or not when they are zero, stay cold.
func (e *Entry) warm() {
	defer func() { _ = recover() }() // from a method of the types that expects no zero value
	c := e.codec
	if c.read != nil && c.in.Kind() == reflect.Struct {
		_, _ = e.run(context.Background(), []byte(`{"":0}`)) // is refused: no field has that name
	} else if b, err := encode(reflect.Zero(c.in).Interface()); err == nil {
		_ = decode(b.Data, reflect.New(c.in).Interface()) // this need not be valid input
	}
	if c.write == nil {
		_, _ = encode(reflect.Zero(c.out).Interface())
	}
}

// runExample runs the task's example, of which nothing comes.
func (e *Entry) runExample() {
	if e.example == nil {
		return
	}
	defer func() { _ = recover() }() // units say how a task fails
	_, _ = e.run(NewContext(context.Background(), nil, nil), e.example)
}

// Examples returns for each task the first input among its examples that needs no
// blob and is no error, for Entry.WithExample. It reads what tasks are described with: a
// JSON array of {"task": …, "examples": [{"input": …, "blobs": …, "error": …}, …]}.
func Examples(described []byte) map[string][]byte {
	inputs := map[string][]byte{}
	s := scanner{b: described, text: string(described)}
	ok := s.elements(func() bool {
		var task string
		var input []byte
		ok := s.members(func(name string) (ok bool) {
			switch name {
			case "task":
				task, ok = s.str()
				return ok
			case "examples":
				return s.elements(func() bool {
					x, ok := s.example()
					if input == nil {
						input = x
					}
					return ok
				})
			}
			return s.skip()
		})
		inputs[task] = input
		return ok
	})
	if !ok {
		panic("sdk: the examples are no JSON array of described tasks") // a fault of the build
	}
	return inputs
}

// example reads one and returns its input, nil if there is more to it.
func (s *scanner) example() (input []byte, ok bool) {
	plain := true
	ok = s.members(func(name string) bool {
		s.peek()
		start := s.at
		ok := s.skip()
		switch name {
		case "input":
			input = s.b[start:s.at:s.at]
		case "blobs", "blobs_from", "error":
			plain = false
		}
		return ok
	})
	if !plain {
		input = nil
	}
	return input, ok
}
