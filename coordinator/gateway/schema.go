package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
)

// OpenAPI returns the OpenAPI 3.1 document of the API, indented. The checked-in
// openapi.json is this document.
func OpenAPI() ([]byte, error) {
	g := &gateway{cfg: DefaultConfig()}
	return g.register(http.NewServeMux()).document()
}

func (a api) document() ([]byte, error) {
	a.optionalIsAbsent()
	b, err := json.MarshalIndent(a.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode OpenAPI document: %w", err)
	}
	return append(b, '\n'), nil
}

// The forms of types that reflection cannot see through.
type (
	// anyValue is any JSON value.
	anyValue struct{}
	// link is how JSON spells a content address.
	link struct {
		CID string `json:"/" doc:"CIDv1, sha2-256, raw or dag-cbor, in base32."`
	}
)

// Schema implements huma.SchemaProvider.
func (anyValue) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }

func aliases(r huma.Registry) {
	r.RegisterTypeAlias(reflect.TypeFor[contracts.JSON](), reflect.TypeFor[anyValue]())
	r.RegisterTypeAlias(reflect.TypeFor[contracts.Link](), reflect.TypeFor[link]())
	r.RegisterTypeAlias(reflect.TypeFor[contracts.Time](), reflect.TypeFor[time.Time]())
	r.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[Problem]())
}

// ref returns the schema of t as a reference into the components.
func (a api) ref(t reflect.Type) *huma.Schema {
	return a.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

// closeType says of a type and of every type it is made of that unknown fields
// are refused.
func (a api) closeType(s *huma.Schema) {
	if s == nil {
		return
	}
	if s.Ref != "" {
		s = a.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
		if s.AdditionalProperties == false {
			return // a type that is made of itself ends here
		}
	}
	if open, ok := s.AdditionalProperties.(bool); ok && open {
		s.AdditionalProperties = false
	}
	if values, ok := s.AdditionalProperties.(*huma.Schema); ok {
		a.closeType(values)
	}
	a.closeType(s.Items)
	for _, p := range s.Properties {
		a.closeType(p)
	}
}

// optionalIsAbsent says that an optional array is left out where it is empty.
// Of an array that is required huma rightly says that it may be null.
func (a api) optionalIsAbsent() {
	for _, s := range a.OpenAPI().Components.Schemas.Map() {
		for name, p := range s.Properties {
			if p.Type == huma.TypeArray && !slices.Contains(s.Required, name) {
				p.Nullable = false
			}
		}
	}
}

// content describes a body of one of the media types.
func content(s *huma.Schema, mediaTypes ...string) map[string]*huma.MediaType {
	m := map[string]*huma.MediaType{}
	for _, t := range mediaTypes {
		m[t] = &huma.MediaType{Schema: s}
	}
	return m
}

// answer describes a JSON answer of type T.
func answer[T any](a api, description string) *huma.Response {
	return &huma.Response{Description: description, Content: content(a.ref(reflect.TypeFor[T]()), "application/json")}
}

// jsonBody describes a JSON body of type t, in which unknown fields are refused.
func (a api) jsonBody(t reflect.Type) *huma.RequestBody {
	s := a.ref(t)
	a.closeType(s)
	return &huma.RequestBody{Required: true, Content: content(s, "application/json")}
}

// describeBody adds a request body to an operation that is registered already.
// Huma would read and check a body that it knows of, by rules looser than ours.
func (a api) describeBody(method, path string, body *huma.RequestBody) {
	item := a.OpenAPI().Paths[path]
	switch method {
	case http.MethodPost:
		item.Post.RequestBody = body
	case http.MethodPut:
		item.Put.RequestBody = body
	}
}

// bytesOf is the schema of bytes that are no text.
func bytesOf(what string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "binary", Description: what}
}
