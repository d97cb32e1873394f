// Package encode converts data between textual encodings and digests it. It
// promises to be strict: what is not valid in the encoding named is refused, not
// skipped.
package encode

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"html"
	"unicode/utf8"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// maxData bounds the data that is encoded or digested, in bytes of text.
const maxData = 4 << 20

// ConvertInput is encoded data and the encoding it is wanted in.
type ConvertInput struct {
	Data string `json:"data"`
	From string `json:"from" jsonschema:"enum=text,enum=base64,enum=base64url,enum=hex,enum=url_component,enum=url_form,enum=html"`
	To   string `json:"to" jsonschema:"enum=text,enum=base64,enum=base64url,enum=hex,enum=url_component,enum=url_form,enum=html" jsonschema_description:"base64url has no padding; url_component writes a space as %20, url_form as +"`
}

// ConvertOutput is the data in the encoding asked for.
type ConvertOutput struct {
	Data  string `json:"data"`
	Bytes int    `json:"bytes" jsonschema_description:"length of the decoded data"`
}

// Convert decodes data and encodes it again.
func Convert(_ context.Context, in ConvertInput) (ConvertOutput, error) {
	raw, err := decode("data", in.Data, "from", in.From)
	if err != nil {
		return ConvertOutput{}, err
	}
	out := ConvertOutput{Bytes: len(raw)}
	switch in.To {
	case "base64":
		out.Data = base64.StdEncoding.EncodeToString(raw)
	case "base64url":
		out.Data = base64.RawURLEncoding.EncodeToString(raw)
	case "hex":
		out.Data = hex.EncodeToString(raw)
	case "url_component":
		out.Data = escape(raw, "%20")
	case "url_form":
		out.Data = escape(raw, "+")
	case "text", "html":
		if !utf8.Valid(raw) {
			return ConvertOutput{}, field.Errorf("to", "the data is not UTF-8 and so no %s", in.To)
		}
		if out.Data = string(raw); in.To == "html" {
			out.Data = html.EscapeString(out.Data)
		}
	default:
		return ConvertOutput{}, field.OneOf("to", in.To, "text", "base64", "base64url", "hex", "url_component", "url_form", "html")
	}
	return out, nil
}

// decode returns the bytes of encoded data. Padding of base64url may be absent.
func decode(name, data, encodingName, encoding string) (raw []byte, err error) {
	if err := field.AtMost(name, len(data), maxData, "bytes"); err != nil {
		return nil, err
	}
	switch encoding {
	case "text":
		raw = []byte(data)
	case "base64":
		raw, err = base64.StdEncoding.Strict().DecodeString(data)
	case "base64url":
		e := base64.RawURLEncoding
		if len(data) > 0 && data[len(data)-1] == '=' {
			e = base64.URLEncoding
		}
		raw, err = e.Strict().DecodeString(data)
	case "hex":
		raw, err = hex.DecodeString(data)
	case "url_component":
		raw, err = unescape(data, false)
	case "url_form":
		raw, err = unescape(data, true)
	case "html":
		raw = []byte(html.UnescapeString(data))
	default:
		return nil, field.OneOf(encodingName, encoding, "text", "base64", "base64url", "hex", "url_component", "url_form", "html")
	}
	if err != nil {
		return nil, field.Errorf(name, "is not %s: %v", encoding, err)
	}
	return raw, nil
}
