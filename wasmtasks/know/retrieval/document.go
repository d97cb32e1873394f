package retrieval

import (
	"context"
	"errors"
	"io/fs"
	"unicode/utf8"

	"github.com/krako-labs/krako/wasmtasks/know/jsonl"
	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Bounds of an index.
const (
	maxDocuments = 100_000
	maxFields    = 16
	maxTags      = 16
	maxName      = 64
	maxValue     = 256
	maxIndex     = 8 << 20 // an output may be no larger
)

// Document is a text in fields, and tags to filter by.
type Document struct {
	ID     string            `json:"id" jsonschema:"minLength=1,maxLength=256"`
	Fields map[string]string `json:"fields" jsonschema_description:"texts by name, such as title and body"`
	Tags   map[string]string `json:"tags,omitempty" jsonschema_description:"to filter by"`
}

func (d *Document) check(at string) error {
	if err := field.Between(at+".id", len(d.ID), 1, maxValue); err != nil {
		return err
	}
	if err := field.Between(at+".fields", len(d.Fields), 1, maxFields); err != nil {
		return err
	}
	if err := field.AtMost(at+".tags", len(d.Tags), maxTags, "members"); err != nil {
		return err
	}
	for name, text := range d.Fields {
		if len(name) < 1 || len(name) > maxName {
			return field.Errorf(at+".fields", "has a name of %d bytes, 1 to %d are allowed", len(name), maxName)
		}
		if !utf8.ValidString(text) {
			return field.Errorf(at+".fields."+name, "is not UTF-8")
		}
	}
	for name, value := range d.Tags {
		if len(name) < 1 || len(name) > maxName || len(value) > maxValue {
			return field.Errorf(at+".tags", "has a name of %d bytes with a value of %d, 1 to %d and up to %d are allowed", len(name), len(value), maxName, maxValue)
		}
	}
	return nil
}

// IndexInput is documents, in the input or as lines of the blob "documents".
type IndexInput struct {
	Documents []Document `json:"documents,omitempty" jsonschema:"maxItems=100000" jsonschema_description:"or none, and a blob documents of JSON lines"`
	Stemming  string     `json:"stemming" jsonschema:"enum=none,enum=english" jsonschema_description:"english: walk, walks and walking are one word (Porter2)"`
}

// Index makes an index.
func Index(ctx context.Context, in IndexInput) (sdk.Bytes, error) {
	b, err := newBuilder(in.Stemming)
	if err != nil {
		return sdk.Bytes{}, err
	}
	if err := field.AtMost("documents", len(in.Documents), maxDocuments, "documents"); err != nil {
		return sdk.Bytes{}, err
	}
	for i := range in.Documents {
		if err := b.add(field.Index("documents", i), in.Documents[i]); err != nil {
			return sdk.Bytes{}, err
		}
	}
	blob, err := sdk.OpenBlob(ctx, "documents")
	if err == nil {
		defer blob.Close()
		if in.Documents != nil {
			return sdk.Bytes{}, field.Errorf("documents", "are in the input and in a blob")
		}
		err = jsonl.Each(blob, "documents", maxDocuments, b.add)
	} else if errors.Is(err, fs.ErrNotExist) && in.Documents != nil {
		err = nil
	}
	if err != nil {
		return sdk.Bytes{}, err
	}
	data, err := b.encode()
	return sdk.Bytes{MediaType: MediaType, Data: data}, err
}
