package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

// half is embedded, as tasks embed how to write a number.
type half struct {
	Digits int    `json:"digits"`
	Mode   string `json:"mode,omitempty"`
}

// loud reads itself, strings only.
type loud string

func (l *loud) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil || s == "no" {
		return errors.Join(errors.New("not loud"), err)
	}
	*l = loud(strings.ToUpper(s))
	return nil
}

// common has what inputs and outputs of tasks consist of.
type common struct {
	half
	Text   string                       `json:"text"`
	Flag   bool                         `json:"flag,omitempty"`
	Whole  int64                        `json:"whole,omitempty"`
	Small  int8                         `json:"small,omitempty"`
	Count  uint16                       `json:"count"`
	Real   float64                      `json:"real,omitempty"`
	Raw    json.RawMessage              `json:"raw,omitempty"`
	Any    any                          `json:"any,omitempty"`
	List   []string                     `json:"list,omitempty"`
	Table  [][]int                      `json:"table,omitempty"`
	Parts  []half                       `json:"parts"`
	Raws   []json.RawMessage            `json:"raws,omitempty"`
	Lists  map[string][]json.RawMessage `json:"lists,omitempty"`
	Names  map[string]string            `json:"names,omitempty"`
	Shares map[string]float64           `json:"shares"`
	Maybe  *int                         `json:"maybe,omitempty"`
	Half   *half                        `json:"half"`
	Upper  string
	Hidden string `json:"-"`
}

// every adds what encoding/json alone writes.
type every struct {
	common
	Loud  loud   `json:"loud,omitempty"`
	Louds []loud `json:"louds,omitempty"`
}

// texts yields JSON texts, most of them nearly an every.
type texts struct{ *rand.Rand }

func (r texts) pick(from ...string) string { return from[r.IntN(len(from))] }

func (r texts) space() string {
	if r.IntN(20) == 0 {
		return r.pick(" ", "\n", "\t \r")
	}
	return ""
}

func (r texts) str() string {
	return r.pick(`"a"`, `""`, `"é"`, `"a\n"`, `"\u0041"`, `"<&>"`, `"\ud83d\ude00"`, `"\ud800"`, `"😀"`, "\"\u2028x\"", "\"\xff\"", `"\"\\\/\b\f\n\r\t"`,
		`"\x"`, "\"\x01\"", `"no"`, `"\u00zz"`, `"open`)
}

func (r texts) number() string {
	return r.pick("0", "-0", "1", "-1", "7", "127", "128", "65535", "65536", "123456789012345678", "9223372036854775807", "9223372036854775808", "1.5", "1e3", "1E-7", "1e21",
		"1e400", "01", "1.", "-", "+1", ".5", "1e", "0.000001", "1e-9", "2.50")
}

func (r texts) value(depth int) string {
	switch r.IntN(10) {
	case 0, 1:
		return r.number()
	case 2, 3, 4:
		return r.str()
	case 5:
		return r.pick("true", "false", "null", "nul", "truee")
	case 6, 7:
		return r.list(depth, func() string { return r.value(depth - 1) })
	default:
		return r.object(depth, func() string { return r.str() + ":" + r.value(depth-1) })
	}
}

func (r texts) list(depth int, elem func() string) string {
	return "[" + r.space() + r.some(depth, elem) + r.space() + "]"
}

func (r texts) object(depth int, member func() string) string {
	return "{" + r.space() + r.some(depth, member) + r.space() + "}"
}

func (r texts) some(depth int, one func() string) string {
	if depth <= 0 {
		return ""
	}
	parts := make([]string, r.IntN(4))
	for i := range parts {
		parts[i] = r.space() + one() + r.space()
	}
	return strings.Join(parts, r.pick(",", ",", ",", ",", ",", ",", ",", ",,", ""))
}

// every is mostly members of the type that they have in every.
func (r texts) every() string {
	member := func() string {
		value := map[string]func() string{
			"digits": r.number, "mode": r.str, "text": r.str, "flag": func() string { return r.pick("true", "false", "null") },
			"whole": r.number, "small": r.number, "count": r.number, "real": r.number, "maybe": r.number,
			"raw": func() string { return r.value(3) }, "any": func() string { return r.value(3) },
			"list":   func() string { return r.list(3, r.str) },
			"table":  func() string { return r.list(2, func() string { return r.list(9, r.number) }) },
			"parts":  func() string { return r.list(9, func() string { return `{"digits":` + r.number() + `}` }) },
			"raws":   func() string { return r.list(2, func() string { return r.value(1) }) },
			"lists":  func() string { return `{"a":` + r.list(2, func() string { return r.value(1) }) + `}` },
			"names":  func() string { return r.object(1, func() string { return r.str() + ":" + r.str() }) },
			"shares": func() string { return r.object(1, func() string { return r.str() + ":" + r.number() }) },
			"half":   func() string { return r.pick("null", `{"digits":3}`, `{}`, `{"mode":"x","digits":1}`) },
			"loud":   r.str, "louds": func() string { return r.list(2, r.str) }, "Upper": r.str, "upper": r.str, "hidden": r.str, "Hidden": r.str,
		}
		name := r.pick("digits", "mode", "text", "flag", "whole", "small", "count", "real", "maybe", "raw", "any", "list", "table", "parts", "raws",
			"lists", "names", "shares", "half", "loud", "louds", "Upper", "upper", "hidden", "Hidden")
		if r.IntN(50) == 0 {
			return `"` + name + `":` + r.value(2)
		}
		return `"` + name + `":` + value[name]()
	}
	parts := make([]string, r.IntN(6))
	for i := range parts {
		parts[i] = r.space() + member()
	}
	text := "{" + strings.Join(parts, ",") + "}"
	if r.IntN(30) == 0 {
		text += r.pick(" ", "x", "{}", "\x00")
	}
	return text
}

// TestDecodersAndEncoders holds what they do against encoding/json: what they read is
// equal, what it refuses they leave, and what they write is equal in its bytes.
func TestDecodersAndEncoders(t *testing.T) {
	r := texts{rand.New(rand.NewPCG(1, 2))}
	d, e := decoderOf(reflect.TypeFor[every]()), encoderOf(reflect.TypeFor[common]())
	if d == nil || e == nil {
		t.Fatal("a type has no decoder or encoder")
	}
	read, wrote := 0, 0
	for range 60_000 {
		text := r.every()
		var want, got every
		err := decode([]byte(text), &want)
		if d.readInto([]byte(text), unsafe.Pointer(&got)) {
			read++
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%s\nread  %+v\nwants %+v, %v", text, got, want, err)
			}
		}
		if err != nil {
			continue
		}
		out := want.common
		whole, err := encode(out)
		if b, ok := e.write(unsafe.Pointer(&out)); ok {
			wrote++
			if err != nil || !bytes.Equal(b, whole.Data) {
				t.Fatalf("%+v\nwrote %s\nwants %s, %v", out, b, whole.Data, err)
			}
		}
	}
	// It is for speed: what is ordinary is read and written.
	if read < 12_000 || wrote < 12_000 {
		t.Errorf("read %d, wrote %d of 60000 texts", read, wrote)
	}
}
