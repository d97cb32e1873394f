package main

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/krako-labs/krako/contracts"
)

// Patterns of the texts that documents are made of. They hold what Go checks,
// in the subset of regular expressions that every dialect shares.
const (
	namePattern = `^[A-Za-z0-9._:/-]{1,128}$`
	uuidPattern = `^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`
	// cidPattern is CIDv1 with raw or dag-cbor and sha2-256, in base32: 36 bytes
	// of which the first four are fixed.
	cidPattern    = `^baf[ky]rei[a-h][a-z2-7]{50}[aeimquy4]$`
	rawPattern    = `^bafkrei[a-h][a-z2-7]{50}[aeimquy4]$`
	blockPattern  = `^bafyrei[a-h][a-z2-7]{50}[aeimquy4]$`
	peerIDPattern = `^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$`
	timePattern   = `^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	// ptrPattern is an RFC 6901 pointer.
	ptrPattern = `^(/([^~/]|~[01])*)*$`
)

// scalar maps the types that are no structs of their own: ids, enums, links,
// times, arbitrary JSON and bytes. It returns nil for all others.
func (b *builder) scalar(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[contracts.JSON](), reflect.TypeFor[json.RawMessage]():
		return &jsonschema.Schema{}
	case reflect.TypeFor[[]byte]():
		return b.bytes()
	case reflect.TypeFor[contracts.Payload]():
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{b.bytes(), b.define("RawLink", linkTo(rawPattern))}}
	case reflect.TypeFor[contracts.Link]():
		return b.define("Link", linkTo(cidPattern))
	case reflect.TypeFor[contracts.Time]():
		return b.define("Time", &jsonschema.Schema{Type: "string", Format: "date-time", Pattern: timePattern})
	case reflect.TypeFor[contracts.UnitID](), reflect.TypeFor[contracts.TenantID]():
		return b.define(t.Name(), &jsonschema.Schema{Type: "string", Pattern: namePattern})
	case reflect.TypeFor[contracts.SessionID]():
		return b.define(t.Name(), &jsonschema.Schema{Type: "string", Pattern: uuidPattern})
	case reflect.TypeFor[contracts.NodeID]():
		return b.define(t.Name(), &jsonschema.Schema{Type: "string", MinLength: new(uint64(1))})
	}
	switch t.Kind() {
	case reflect.String:
		return b.enum(t)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return &jsonschema.Schema{Type: "integer", Minimum: "0", Maximum: json.Number(maxOf(t))}
	case reflect.Uint, reflect.Uint64:
		return &jsonschema.Schema{Type: "integer", Minimum: "0"}
	}
	return nil
}

func maxOf(t reflect.Type) string {
	b, err := json.Marshal(uint64(1)<<t.Bits() - 1)
	if err != nil {
		panic(err) // an integer always encodes
	}
	return string(b)
}

// enum defines a named string type with constants; nil without any.
func (b *builder) enum(t reflect.Type) *jsonschema.Schema {
	values := b.source.values[t.Name()]
	if t.PkgPath() == "" || len(values) == 0 {
		return nil
	}
	s := &jsonschema.Schema{Type: "string"}
	for _, v := range values {
		s.Enum = append(s.Enum, v)
	}
	return b.define(t.Name(), s)
}

func linkTo(pattern string) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), Required: []string{"/"}, AdditionalProperties: jsonschema.FalseSchema}
	s.Properties.Set("/", &jsonschema.Schema{Type: "string", Pattern: pattern})
	return s
}

// bytes are base64 text in JSON; in the DAG-JSON form of a block they are an
// object, which keeps them apart from text.
func (b *builder) bytes() *jsonschema.Schema {
	if b.kind != block {
		return &jsonschema.Schema{Type: "string", ContentEncoding: "base64"}
	}
	inner := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), Required: []string{"bytes"}, AdditionalProperties: jsonschema.FalseSchema}
	inner.Properties.Set("bytes", &jsonschema.Schema{Type: "string", Pattern: `^[A-Za-z0-9+/]*$`})
	outer := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), Required: []string{"/"}, AdditionalProperties: jsonschema.FalseSchema}
	outer.Properties.Set("/", inner)
	return b.define("Bytes", outer)
}

// define puts a definition beside those of structs and returns a reference.
func (b *builder) define(name string, s *jsonschema.Schema) *jsonschema.Schema {
	s.Description = b.source.docs[name]
	b.scalars[name] = s
	return &jsonschema.Schema{Ref: "#/$defs/" + name}
}

func nameOf(ref string) string { return strings.TrimPrefix(ref, "#/$defs/") }
