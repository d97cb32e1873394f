package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unsafe"
)

// MediaJSON is the media type of every output that is not Bytes.
const MediaJSON = "application/json"

// Bytes is an output that is not JSON: data of a declared media type. An empty
// MediaType means MediaJSON, for a task that encodes its own JSON.
type Bytes struct {
	MediaType string
	Data      []byte
}

// codec reads a task's inputs and writes its outputs: by decoder and encoder, and
// by encoding/json what those leave. It works on pointers, so that a task's own part
// of a module is small.
type codec struct {
	in, out reflect.Type
	read    decoder
	write   encoder
}

func newCodec(in, out reflect.Type) *codec {
	compiling.Lock()
	defer compiling.Unlock()
	return &codec{in, out, decoderOf(in), encoderOf(out)}
}

// decode reads an input into the zero variable at p.
func (c *codec) decode(b []byte, p unsafe.Pointer) error {
	if c.read.readInto(b, p) {
		return nil
	}
	v := reflect.NewAt(c.in, p)
	v.Elem().SetZero()
	return decode(b, v.Interface())
}

// encode writes the output at p.
func (c *codec) encode(p unsafe.Pointer) (Bytes, error) {
	if b, ok := c.write.write(p); ok {
		return Bytes{MediaType: MediaJSON, Data: b}, nil
	}
	return encode(reflect.NewAt(c.out, p).Elem().Interface())
}

// Reader returns a function that reads JSON texts into a T as Task reads an input: a task
// that has JSON in its input reads it so, which is quicker than encoding/json.
func Reader[T any]() func([]byte) (T, error) {
	c := newCodec(reflect.TypeFor[T](), reflect.TypeFor[T]())
	return func(b []byte) (T, error) {
		v := new(T)
		err := c.decode(b, unsafe.Pointer(v))
		return *v, err
	}
}

// decode reads the one JSON value in b into v. Fields that v does not have are
// refused, so that a misspelt parameter is an error and not a default. The host
// has already put the input into canonical form, so that what encoding/json
// forgives beyond that, repeated members for one, does not reach a guest.
func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if errors.Is(err, io.EOF) {
			return errors.New("no JSON value")
		}
		return err
	}
	end := d.InputOffset()
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("data after the JSON value, which ends at offset %d", end)
	}
	return nil
}

// encode turns a task's result into output bytes. HTML is not escaped: the
// reader is a program.
func encode(v any) (Bytes, error) {
	if raw, ok := v.(Bytes); ok {
		if raw.MediaType == "" {
			raw.MediaType = MediaJSON
		}
		return raw, nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return Bytes{}, fmt.Errorf("encode output: %w", err)
	}
	return Bytes{MediaType: MediaJSON, Data: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}, nil
}
