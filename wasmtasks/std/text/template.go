package text

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// TemplateInput is a template and the data to fill it with.
type TemplateInput struct {
	Template string          `json:"template" jsonschema:"maxLength=100000" jsonschema_description:"Mustache: {{a.b}}, {{#list}}…{{.}}…{{/list}}, {{^list}}if empty or false{{/list}}, {{! comment}}"`
	Data     json.RawMessage `json:"data" jsonschema:"type=object"`
	Escape   string          `json:"escape" jsonschema:"enum=none,enum=html" jsonschema_description:"what becomes of values; {{{a}}} is never escaped"`
	Missing  string          `json:"missing" jsonschema:"enum=refuse,enum=empty" jsonschema_description:"what becomes of names that the data does not have"`
}

// Template fills a template of the logic-less language Mustache, without
// partials, lambdas and changes of delimiters. Tags alone in a line leave the
// line's end where it is.
func Template(_ context.Context, in TemplateInput) (TextOutput, error) {
	if err := field.AtMost("template", len(in.Template), 100_000, "bytes"); err != nil {
		return TextOutput{}, err
	}
	if err := field.OneOf("escape", in.Escape, "none", "html"); err != nil {
		return TextOutput{}, err
	}
	if err := field.OneOf("missing", in.Missing, "refuse", "empty"); err != nil {
		return TextOutput{}, err
	}
	var data map[string]any
	d := json.NewDecoder(strings.NewReader(string(in.Data)))
	d.UseNumber()
	if err := d.Decode(&data); err != nil || data == nil {
		return TextOutput{}, field.Errorf("data", "is not a JSON object")
	}
	nodes, err := parseTemplate(in.Template)
	if err != nil {
		return TextOutput{}, field.Errorf("template", "%v", err)
	}
	r := renderer{escape: in.Escape == "html", strict: in.Missing == "refuse"}
	if err := r.render(nodes, []any{data}); err != nil {
		return TextOutput{}, err
	}
	return TextOutput{r.out.String()}, nil
}

// node is a piece of a template: text, a value or a section.
type node struct {
	kind  byte // 't' text, 'v' value, '&' value unescaped, '#' section, '^' inverted
	text  string
	inner []node
}

const maxSections = 20 // one in another

func parseTemplate(s string) ([]node, error) {
	nodes, rest, err := parseNodes(s, "", 0)
	if err == nil && rest != "" {
		err = errors.New("a section ends that did not begin")
	}
	return nodes, err
}

// parseNodes reads up to the end of the section, or of the template.
func parseNodes(s, section string, depth int) (nodes []node, rest string, err error) {
	if depth > maxSections {
		return nil, "", fmt.Errorf("sections are nested deeper than %d", maxSections)
	}
	for {
		before, after, found := strings.Cut(s, "{{")
		if before != "" {
			nodes = append(nodes, node{kind: 't', text: before})
		}
		if !found {
			if section != "" {
				return nil, "", fmt.Errorf("section %q does not end", section)
			}
			return nodes, "", nil
		}
		kind, name, rest, err := parseTag(after)
		if err != nil {
			return nil, "", err
		}
		s = rest
		switch kind {
		case '!':
		case '/':
			if name != section || section == "" {
				return nil, "", fmt.Errorf("section %q ends where %q is open", name, section)
			}
			return nodes, s, nil
		case '#', '^':
			n := node{kind: kind, text: name}
			if n.inner, s, err = parseNodes(s, name, depth+1); err != nil {
				return nil, "", err
			}
			nodes = append(nodes, n)
		default:
			nodes = append(nodes, node{kind: kind, text: name})
		}
	}
}

// parseTag reads what comes after {{.
func parseTag(s string) (kind byte, name, rest string, err error) {
	end := "}}"
	kind = 'v'
	switch {
	case strings.HasPrefix(s, "{"):
		kind, end, s = '&', "}}}", s[1:]
	case s != "" && strings.IndexByte("!#^/&", s[0]) >= 0:
		kind, s = s[0], s[1:]
	}
	name, rest, found := strings.Cut(s, end)
	name = strings.TrimSpace(name)
	switch {
	case !found:
		return 0, "", "", errors.New("a tag does not end")
	case kind != '!' && (name == "" || strings.ContainsAny(name, "{}<>=@#^/ \t\n")):
		return 0, "", "", fmt.Errorf("%.40q is not a name", name)
	}
	return kind, name, rest, nil
}

// renderer fills nodes. The stack has the values that names are looked up in,
// innermost last.
type renderer struct {
	out            strings.Builder
	escape, strict bool
	steps          int
}

// maxSteps bounds the pieces written, for sections multiply.
const maxSteps = 1_000_000

func (r *renderer) render(nodes []node, stack []any) error {
	for _, n := range nodes {
		if r.steps++; r.steps > maxSteps || r.out.Len() > maxText {
			return field.Errorf("template", "becomes longer than %d pieces or %d bytes", maxSteps, maxText)
		}
		if n.kind == 't' {
			r.out.WriteString(n.text)
			continue
		}
		v, ok := lookup(n.text, stack)
		if !ok && r.strict {
			return field.Errorf("data", "has no %q", n.text)
		}
		if err := r.node(n, v, stack); err != nil {
			return err
		}
	}
	return nil
}

func (r *renderer) node(n node, v any, stack []any) error {
	switch n.kind {
	case '^':
		if !truth(v) {
			return r.render(n.inner, stack)
		}
		return nil
	case '#':
		return r.section(n, v, stack)
	}
	text, err := plain(n.text, v)
	if err != nil {
		return err
	}
	if r.escape && n.kind == 'v' {
		text = html.EscapeString(text)
	}
	r.out.WriteString(text)
	return nil
}

func (r *renderer) section(n node, v any, stack []any) error {
	if !truth(v) {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, item := range list {
		if err := r.render(n.inner, append(stack[:len(stack):len(stack)], item)); err != nil {
			return err
		}
	}
	return nil
}

func truth(v any) bool {
	if list, ok := v.([]any); ok {
		return len(list) > 0
	}
	return v != nil && v != false
}

// lookup finds a name: its first part in the innermost object that has it, the
// others from there.
func lookup(name string, stack []any) (any, bool) {
	if name == "." {
		return stack[len(stack)-1], true
	}
	parts := strings.Split(name, ".")
	for i := len(stack) - 1; i >= 0; i-- {
		object, _ := stack[i].(map[string]any)
		v, ok := object[parts[0]]
		if !ok {
			continue
		}
		for _, part := range parts[1:] {
			object, _ := v.(map[string]any)
			if v, ok = object[part]; !ok {
				return nil, false
			}
		}
		return v, true
	}
	return nil, false
}

// plain writes a value that is no list or object.
func plain(name string, v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return fmt.Sprint(v), nil
	}
	return "", field.Errorf("data", "%q is a list or an object and not a value", name)
}
