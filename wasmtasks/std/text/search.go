package text

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Match is a place in a text. Positions are bytes.
type Match struct {
	Kind  string `json:"kind,omitempty"`
	Value string `json:"value"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	// Groups is what the parenthesised parts of a pattern matched.
	Groups []string `json:"groups,omitempty"`
}

// maxMatches bounds the matches of one call.
const maxMatches = 10_000

// ExtractInput is a text and what to look for in it.
type ExtractInput struct {
	Text  string   `json:"text"`
	Kinds []string `json:"kinds" jsonschema:"minItems=1,maxItems=6,enum=email,enum=url,enum=number,enum=date,enum=phone,enum=ip" jsonschema_description:"url: http and https; number: decimal with a point; date: 2026-03-01; phone: + and 7 to 15 digits; ip: addresses of IP version 4"`
	Limit int      `json:"limit" jsonschema:"minimum=1,maximum=10000"`
}

// MatchesOutput is the matches in order of their places.
type MatchesOutput struct {
	Matches   []Match `json:"matches"`
	Truncated bool    `json:"truncated" jsonschema_description:"whether there are more than limit"`
}

// patterns are what Extract looks for. A match must not touch word characters
// on either side where the pattern says \b.
func patterns() map[string]string {
	return map[string]string{
		"email":  `\b[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}\b`,
		"url":    `\bhttps?://[^\s<>"'\x60{}|\\^]*[^\s<>"'\x60{}|\\^.,;:!?()\[\]]`,
		"number": `(?:\B[-+])?\b\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?\b`,
		"date":   `\b\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b`,
		"ip":     `\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b`,
		"phone":  `\B\+[1-9](?:[ .()-]{0,2}\d){6,14}\b`,
	}
}

// Extractor finds things in texts. It has the compiled patterns and never
// changes.
type Extractor struct{ compiled map[string]*regexp.Regexp }

// NewExtractor compiles the patterns.
func NewExtractor() *Extractor {
	e := &Extractor{make(map[string]*regexp.Regexp)}
	for kind, pattern := range patterns() {
		e.compiled[kind] = regexp.MustCompile(pattern)
	}
	return e
}

// Extract finds things of some kinds. Matches of different kinds may overlap:
// a date has numbers.
func (e *Extractor) Extract(_ context.Context, in ExtractInput) (MatchesOutput, error) {
	if err := checkText("text", in.Text); err != nil {
		return MatchesOutput{}, err
	}
	if err := field.Between("limit", in.Limit, 1, maxMatches); err != nil {
		return MatchesOutput{}, err
	}
	if err := field.Between("kinds", len(in.Kinds), 1, 6); err != nil {
		return MatchesOutput{}, err
	}
	out := MatchesOutput{Matches: []Match{}}
	for i, kind := range in.Kinds {
		re, ok := e.compiled[kind]
		if !ok {
			return MatchesOutput{}, field.OneOf(field.Index("kinds", i), kind, "email", "url", "number", "date", "phone", "ip")
		}
		for _, at := range re.FindAllStringIndex(in.Text, in.Limit+1) {
			out.Matches = append(out.Matches, Match{Kind: kind, Value: in.Text[at[0]:at[1]], Start: at[0], End: at[1]})
		}
	}
	slices.SortStableFunc(out.Matches, func(a, b Match) int { return a.Start - b.Start })
	if len(out.Matches) > in.Limit {
		out.Matches, out.Truncated = out.Matches[:in.Limit], true
	}
	return out, nil
}

// RegexInput is a text and a pattern.
type RegexInput struct {
	Text        string `json:"text"`
	Pattern     string `json:"pattern" jsonschema:"minLength=1,maxLength=1000" jsonschema_description:"RE2 syntax; flags as (?i)"`
	Do          string `json:"do" jsonschema:"enum=match,enum=replace,enum=split"`
	Replacement string `json:"replacement,omitempty" jsonschema:"maxLength=10000" jsonschema_description:"${1} or ${name} for what a group matched, $$ for a dollar sign"`
	Limit       int    `json:"limit" jsonschema:"minimum=1,maximum=10000" jsonschema_description:"most matches to find, replace or split at"`
}

// RegexOutput is one of three, by what was to be done.
type RegexOutput struct {
	Matches   []Match  `json:"matches,omitempty"`
	Text      *string  `json:"text,omitempty" jsonschema_description:"after replacing"`
	Parts     []string `json:"parts,omitempty" jsonschema_description:"after splitting"`
	Count     int      `json:"count" jsonschema_description:"matches found, replaced or split at"`
	Truncated bool     `json:"truncated" jsonschema_description:"whether there are more than limit"`
}

// Regex finds, replaces or splits at the matches of a pattern, from left to
// right and without overlap. RE2 takes time linear in the text.
func Regex(_ context.Context, in RegexInput) (RegexOutput, error) {
	if err := in.check(); err != nil {
		return RegexOutput{}, err
	}
	re, err := regexp.Compile(in.Pattern)
	if err != nil {
		return RegexOutput{}, field.Errorf("pattern", "%v", err)
	}
	found := re.FindAllStringSubmatchIndex(in.Text, in.Limit+1)
	var out RegexOutput
	if len(found) > in.Limit {
		found, out.Truncated = found[:in.Limit], true
	}
	out.Count = len(found)
	switch in.Do {
	case "match":
		out.Matches = matches(in.Text, found)
	case "replace":
		text, err := replace(re, in, found)
		if err != nil {
			return RegexOutput{}, err
		}
		out.Text = &text
	case "split":
		last := 0
		for _, at := range found {
			out.Parts = append(out.Parts, in.Text[last:at[0]])
			last = at[1]
		}
		out.Parts = append(out.Parts, in.Text[last:])
	}
	return out, nil
}

func (in RegexInput) check() error {
	if err := checkText("text", in.Text); err != nil {
		return err
	}
	if err := field.OneOf("do", in.Do, "match", "replace", "split"); err != nil {
		return err
	}
	if err := field.AtMost("replacement", len(in.Replacement), 10_000, "bytes"); err != nil {
		return err
	}
	if in.Do != "replace" && in.Replacement != "" {
		return field.Errorf("replacement", "has no meaning for %s", in.Do)
	}
	if err := field.Between("limit", in.Limit, 1, maxMatches); err != nil {
		return err
	}
	return field.Between("pattern", len(in.Pattern), 1, 1000)
}

func matches(text string, found [][]int) []Match {
	all := make([]Match, len(found))
	for i, at := range found {
		all[i] = Match{Value: text[at[0]:at[1]], Start: at[0], End: at[1]}
		for g := 2; g < len(at); g += 2 {
			group := ""
			if at[g] >= 0 {
				group = text[at[g]:at[g+1]]
			}
			all[i].Groups = append(all[i].Groups, group)
		}
	}
	return all
}

func replace(re *regexp.Regexp, in RegexInput, found [][]int) (string, error) {
	var b []byte
	last := 0
	for _, at := range found {
		b = append(b, in.Text[last:at[0]]...)
		b = re.ExpandString(b, in.Replacement, in.Text, at)
		last = at[1]
		if len(b) > maxText {
			return "", field.Errorf("replacement", "makes the text longer than %d bytes", maxText)
		}
	}
	return strings.ToValidUTF8(string(append(b, in.Text[last:]...)), "\ufffd"), nil
}
