package jsondoc

import (
	"context"

	"github.com/krako-labs/krako/wasmtasks/data/markup"
	"github.com/krako-labs/krako/wasmtasks/data/table"
	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// ConvertInput is a document in one format and the format it is wanted in.
type ConvertInput struct {
	Document value.Source `json:"document" jsonschema_description:"in the format that from names; a value is JSON"`
	From     string       `json:"from" jsonschema:"enum=json,enum=jsonl,enum=yaml,enum=toml,enum=csv,enum=tsv"`
	To       string       `json:"to" jsonschema:"enum=value,enum=json,enum=jsonl,enum=yaml,enum=toml,enum=csv,enum=tsv" jsonschema_description:"value is JSON in the output; csv, tsv and jsonl want a list of objects"`
	Indent   int          `json:"indent,omitempty" jsonschema:"minimum=0,maximum=8" jsonschema_description:"spaces of json for each level, 0 for one line"`
	Types    string       `json:"types,omitempty" jsonschema:"enum=text,enum=infer" jsonschema_description:"whether fields of csv and tsv are texts (default), or numbers, true and false where they are spelled like those of JSON"`
}

// Convert writes a document in another format. The order of members is kept but
// for TOML, whose tables have none; numbers keep their digits.
func Convert(ctx context.Context, in ConvertInput) (value.Result, error) {
	if err := in.check(); err != nil {
		return value.Result{}, err
	}
	v, err := in.read(ctx)
	if err != nil {
		return value.Result{}, err
	}
	if in.To == "value" {
		if at, changed := v.Changed(); changed {
			return value.Result{}, field.Errorf("to", "the number at %q is larger than canonical JSON holds exactly: ask for json", at)
		}
		return value.Form{}.Give(v)
	}
	text, err := in.write(ctx, v)
	return value.Result{Text: text}, err
}

func (in ConvertInput) check() error {
	if err := field.OneOf("from", in.From, "json", "jsonl", "yaml", "toml", "csv", "tsv"); err != nil {
		return err
	}
	if err := field.OneOf("to", in.To, "value", "json", "jsonl", "yaml", "toml", "csv", "tsv"); err != nil {
		return err
	}
	if in.Document.Value != nil && in.From != "json" {
		return field.Errorf("from", "a value is json and not %s", in.From)
	}
	if in.Types != "" {
		if err := field.OneOf("types", in.Types, "text", "infer"); err != nil {
			return err
		}
	}
	return field.Between("indent", in.Indent, 0, 8)
}

func (in ConvertInput) read(ctx context.Context) (value.Value, error) {
	switch in.From {
	case "json":
		return in.Document.Read(ctx, "document")
	case "jsonl", "csv", "tsv":
		source := table.Source{Text: in.Document.Text, Blob: in.Document.Blob, Format: in.From}
		return table.ReadList(ctx, source, "document", in.Types == "infer")
	}
	text, err := in.Document.Bytes(ctx, "document")
	if err != nil {
		return value.Value{}, err
	}
	read := markup.ReadYAML
	if in.From == "toml" {
		read = markup.ReadTOML
	}
	v, err := read(text)
	if err != nil {
		return value.Value{}, field.Errorf("document", "%v", err)
	}
	return v, nil
}

func (in ConvertInput) write(ctx context.Context, v value.Value) (string, error) {
	write := markup.WriteYAML
	switch in.To {
	case "json":
		return v.Indented(in.Indent), nil
	case "jsonl", "csv", "tsv":
		if v.Kind != value.List {
			return "", field.Errorf("to", "%s wants a list of objects, the document is a %s", in.To, v.Kind)
		}
		out, err := table.Convert(ctx, table.ConvertInput{Table: table.Source{Data: v.Append(nil)}, To: in.To})
		if err != nil {
			return "", field.Errorf("to", "%v", err)
		}
		return out.Text, nil
	case "toml":
		write = markup.WriteTOML
	}
	b, err := write(v)
	if err != nil {
		return "", field.Errorf("to", "%v", err)
	}
	return string(b), nil
}
