package plan

import (
	"regexp"
	"strings"
)

// whole reads a message that is one text with a question at its end: puzzles
// whose rules are given. It must account for every sentence.
type whole struct {
	name string
	read func(message string) ([]step, bool)
}

var wholes = []whole{
	{"logic.bool", booleans}, {"num.eval", bareSum}, {"text.sort", wordList}, {"logic.brackets", brackets}, {"logic.walk", walk},
	{"logic.truth", truthTellers}, {"logic.track", swaps}, {"logic.free", freeTime}, {"logic.order", ordering}, {"list.count", counting}, {"num.factorial", bareFactorial},
}

// readWhole returns the different readings of a message as a whole.
func readWhole(message string) []reading {
	message = strings.Join(strings.FieldsFunc(message, func(r rune) bool { return r == '\r' }), "")
	message = strings.TrimSpace(message)
	var found []reading
	seen := map[string]bool{}
	for _, w := range wholes {
		steps, ok := w.read(message)
		if !ok {
			continue
		}
		rd := reading{w.name, steps}
		if k := rd.key(); !seen[k] {
			seen[k] = true
			found = append(found, rd)
		}
	}
	return found
}

// option is an answer to choose, such as (A).
type option struct{ label, text string }

var optionLine = regexp.MustCompile(`^\(([A-Z])\) (.+)$`)

// cutOptions splits a message into the text and the options after it.
func cutOptions(message string) (text string, options []option, ok bool) {
	text, list, ok := strings.Cut(message, "\nOptions:\n")
	if !ok {
		return "", nil, false
	}
	for line := range strings.SplitSeq(list, "\n") {
		m := optionLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			return "", nil, false
		}
		options = append(options, option{"(" + m[1] + ")", m[2]})
	}
	return text, options, len(options) > 1 && len(options) <= 26
}

// choose is the step that picks the option whose value is what the query finds
// in the output of the step before it.
func choose(options []option, value func(option) (any, bool), query string) (step, bool) {
	var list []map[string]any
	for _, o := range options {
		v, ok := value(o)
		if !ok {
			return step{}, false
		}
		list = append(list, map[string]any{"label": o.label, "value": v})
	}
	return step{
		task: "json/query@1", from: []feed{{0, "", "/document/value/out"}}, reading: "the option that fits",
		input: map[string]any{
			"document": map[string]any{"value": map[string]any{"options": list}},
			"query":    `. as $d | (` + query + `) as $x | [$d.options[] | select(.value == $x) | .label] | if length == 1 then .[0] else error("no single option fits") end`,
		},
		answer: "{{#out.results}}{{.}}{{/out.results}}",
	}, true
}

// sentences splits a text at full stops and question marks before a space.
func sentences(text string) []string {
	var all []string
	for text != "" {
		end := strings.IndexAny(text, ".?")
		for end >= 0 && end+1 < len(text) && text[end+1] != ' ' && text[end+1] != '\n' {
			next := strings.IndexAny(text[end+1:], ".?")
			if next < 0 {
				end = -1
				break
			}
			end += 1 + next
		}
		if end < 0 {
			return append(all, strings.TrimSpace(text))
		}
		all = append(all, strings.TrimSpace(text[:end+1]))
		text = strings.TrimSpace(text[end+1:])
	}
	return all
}

// enumeration splits "a, b, and c" and "a and b".
func enumeration(s string) []string {
	s = strings.ReplaceAll(s, ", and ", ", ")
	parts := strings.Split(s, ", ")
	if len(parts) == 1 {
		parts = strings.Split(s, " and ")
	}
	return parts
}
