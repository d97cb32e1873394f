package date

import (
	"context"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// ParseInput is a text and the forms a date in it may have.
type ParseInput struct {
	Text    string   `json:"text" jsonschema:"maxLength=200"`
	Formats []string `json:"formats" jsonschema:"minItems=1,maxItems=20" jsonschema_description:"YYYY; MM or M; DD or D; MMMM or MMM for English names of months; DDDD or DDD for days of the week; other signs stand for themselves"`
}

// ParseOutput is the date and the format that it was in.
type ParseOutput struct {
	Date   string `json:"date"`
	Format string `json:"format"`
}

// Parse reads a date in one of the given formats. Formats that read the text as
// different dates, as DD/MM/YYYY and MM/DD/YYYY do with 03/04/2026, are an error.
func Parse(_ context.Context, in ParseInput) (ParseOutput, error) {
	if err := field.AtMost("text", len(in.Text), 200, "bytes"); err != nil {
		return ParseOutput{}, err
	}
	if err := field.Between("formats", len(in.Formats), 1, 20); err != nil {
		return ParseOutput{}, err
	}
	var out ParseOutput
	text := strings.TrimSpace(in.Text)
	for i, format := range in.Formats {
		tokens, err := split(format)
		if err != nil {
			return ParseOutput{}, field.Errorf(field.Index("formats", i), "%v", err)
		}
		t, ok := read(tokens, text)
		if !ok {
			continue
		}
		date := t.Format(layout)
		if out.Date != "" && out.Date != date {
			return ParseOutput{}, field.Errorf("formats", "%q is %s as %s and %s as %s", text, out.Date, out.Format, date, format)
		}
		if out.Date == "" {
			out = ParseOutput{date, format}
		}
	}
	if out.Date == "" {
		return ParseOutput{}, field.Errorf("text", "%.60q has none of the formats %q", text, in.Formats)
	}
	return out, nil
}
