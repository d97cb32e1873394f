// Package markup reads and writes YAML and TOML as JSON values, with exact
// numbers and, where the format has one, the order of members. What JSON cannot
// say, such as a key that is a list or a number that is none, is refused with its
// line. The package promises to expand no more aliases than a document of bounded
// size could have spelled out.
package markup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/exact"
)

// maxNodes bounds the values of a YAML document, aliases expanded.
const maxNodes = 1_000_000

// ReadYAML reads a YAML stream of one document. Plain scalars mean what the core
// schema of YAML 1.2 says: "no" and "010" are a text and ten. Timestamps are
// texts, and merge keys (<<) are merged.
func ReadYAML(text []byte) (value.Value, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc, next yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return value.Value{}, nil // nothing at all is null
	} else if err != nil {
		return value.Value{}, err
	}
	if err := d.Decode(&next); !errors.Is(err, io.EOF) {
		if err != nil {
			return value.Value{}, err
		}
		return value.Value{}, fmt.Errorf("line %d: a second document begins", next.Line)
	}
	return (&yamlReader{}).value(doc.Content[0], 0)
}

type yamlReader struct{ nodes int }

func (r *yamlReader) value(n *yaml.Node, depth int) (value.Value, error) {
	if r.nodes++; r.nodes > maxNodes {
		return value.Value{}, fmt.Errorf("line %d: more than %d values, aliases expanded", n.Line, maxNodes)
	}
	if depth > value.MaxDepth {
		return value.Value{}, fmt.Errorf("line %d: nests deeper than %d", n.Line, value.MaxDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.value(n.Alias, depth+1) // an alias within its anchor ends at the depth
	case yaml.SequenceNode:
		v := value.Value{Kind: value.List, Items: make([]value.Value, 0, len(n.Content))}
		for _, c := range n.Content {
			x, err := r.value(c, depth+1)
			if err != nil {
				return value.Value{}, err
			}
			v.Items = append(v.Items, x)
		}
		return v, nil
	case yaml.MappingNode:
		return r.mapping(n, depth)
	}
	return scalar(n)
}

func (r *yamlReader) mapping(n *yaml.Node, depth int) (value.Value, error) {
	v := value.Value{Kind: value.Object, Members: []value.Member{}}
	seen := map[string]bool{}
	var merged []value.Value
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		x, err := r.value(n.Content[i+1], depth+1)
		if err != nil {
			return value.Value{}, err
		}
		if key.Tag == "!!merge" {
			merged = append(merged, x)
			continue
		}
		name, err := r.key(key, depth)
		if err != nil {
			return value.Value{}, err
		}
		if seen[name] {
			return value.Value{}, fmt.Errorf("line %d: key %q is there twice", key.Line, name)
		}
		seen[name] = true
		v.Members = append(v.Members, value.Member{Name: name, Value: x})
	}
	for _, m := range merged {
		if err := merge(&v, m, seen); err != nil {
			return value.Value{}, fmt.Errorf("line %d: %w", n.Line, err)
		}
	}
	return v, nil
}

// key reads a mapping's key: a text, or another scalar as it is written.
func (r *yamlReader) key(n *yaml.Node, depth int) (string, error) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return "", fmt.Errorf("line %d: a key is a list or a mapping, which JSON has not", n.Line)
	}
	return n.Value, nil
}

// merge adds the members of a mapping, or of a list of them, that are not there.
func merge(v *value.Value, from value.Value, seen map[string]bool) error {
	switch from.Kind {
	case value.Object:
		for _, m := range from.Members {
			if !seen[m.Name] {
				seen[m.Name] = true
				v.Members = append(v.Members, m)
			}
		}
		return nil
	case value.List:
		for _, x := range from.Items {
			if x.Kind != value.Object {
				return fmt.Errorf("a merge key has a %s in its list, not mappings only", x.Kind)
			}
			_ = merge(v, x, seen) // of an object, which cannot fail
		}
		return nil
	}
	return fmt.Errorf("a merge key has a %s, not a mapping", from.Kind)
}

// The forms of numbers in the core schema of YAML 1.2.
var (
	decimalForm = regexp.MustCompile(`^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$`)
	radixForm   = regexp.MustCompile(`^0(?:o[0-7]+|x[0-9a-fA-F]+)$`)
	noneForm    = regexp.MustCompile(`^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
)

func scalar(n *yaml.Node) (value.Value, error) {
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if tagged := n.Style&yaml.TaggedStyle != 0; tagged {
		switch n.Tag {
		case "!!str", "!", "!!timestamp", "!!binary":
			return value.Of(n.Value), nil
		case "!!null", "!!bool", "!!int", "!!float":
			quoted = false
		default:
			return value.Value{}, fmt.Errorf("line %d: tag %.40q has no meaning in JSON", n.Line, n.Tag)
		}
	}
	if quoted {
		return value.Of(n.Value), nil
	}
	switch n.Value {
	case "", "~", "null", "Null", "NULL":
		return value.Value{}, nil
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return value.Value{Kind: value.Bool, Bool: strings.EqualFold(n.Value, "true")}, nil
	}
	text, ok, err := number(n.Value)
	if err != nil {
		return value.Value{}, fmt.Errorf("line %d: %w", n.Line, err)
	}
	if !ok {
		return value.Of(n.Value), nil
	}
	return value.Value{Kind: value.Number, Text: text}, nil
}

// number writes a scalar as JSON writes numbers, with its digits.
func number(s string) (text string, ok bool, err error) {
	switch {
	case noneForm.MatchString(s):
		return "", false, fmt.Errorf("%s is not a number in JSON", s)
	case radixForm.MatchString(s):
		r, err := exact.Parse(radix(s))
		if err != nil {
			return "", false, err
		}
		return r.RatString(), true, nil
	case !decimalForm.MatchString(s):
		return "", false, nil
	}
	if _, err := exact.Parse(s); err != nil {
		return "", false, err
	}
	return jsonNumber(s), true, nil
}

// radix turns 0x1f or 0o17, of at most 64 bits, into decimal digits.
func radix(s string) string {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return s // which is no decimal number, and refused as such
	}
	return strconv.FormatUint(n, 10)
}

// jsonNumber spells a decimal number as JSON wants it: no plus sign, no leading
// zeros, digits on both sides of the point.
func jsonNumber(s string) string {
	s = strings.TrimPrefix(s, "+")
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	mantissa, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], s[i:]
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if point && fraction == "" {
		fraction = "0"
	}
	if point {
		whole += "." + fraction
	}
	return sign + whole + exponent
}

// WriteYAML writes a value as a YAML document in block style.
func WriteYAML(v value.Value) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(yamlNode(v)); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

func yamlNode(v value.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode}
	switch v.Kind {
	case value.Null:
		n.Tag, n.Value = "!!null", "null"
	case value.Bool:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(v.Bool)
	case value.Number:
		n.Value = v.Text
	case value.String:
		n.SetString(v.Text)
		if n.Style == 0 && ambiguous(v.Text) {
			n.Style = yaml.DoubleQuotedStyle
		}
	case value.List:
		n.Kind = yaml.SequenceNode
		for _, x := range v.Items {
			n.Content = append(n.Content, yamlNode(x))
		}
	case value.Object:
		n.Kind = yaml.MappingNode
		for _, m := range v.Members {
			n.Content = append(n.Content, yamlNode(value.Of(m.Name)), yamlNode(m.Value))
		}
	}
	return n
}

// ambiguous reports whether a plain scalar would be read as something else than
// a text, here or by a reader of another version of YAML: numbers in any form,
// dates, merge keys, the booleans of YAML 1.1.
func ambiguous(s string) bool {
	switch strings.ToLower(s) {
	case "<<", "=", "y", "n", "yes", "no", "on", "off":
		return true
	}
	return s != "" && strings.ContainsAny(s[:1], "+-.0123456789~")
}
