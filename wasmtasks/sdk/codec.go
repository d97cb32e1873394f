package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MediaJSON is the media type of every output that is not Bytes.
const MediaJSON = "application/json"

// Bytes is an output that is not JSON: data of a declared media type. An empty
// MediaType means MediaJSON, for a task that encodes its own JSON.
type Bytes struct {
	MediaType string
	Data      []byte
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
