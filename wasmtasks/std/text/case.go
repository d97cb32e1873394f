package text

import (
	"context"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// TextOutput is the text that came out.
type TextOutput struct {
	Text string `json:"text"`
}

// CaseInput is a text and the case wanted.
type CaseInput struct {
	Text     string `json:"text"`
	To       string `json:"to" jsonschema:"enum=upper,enum=lower,enum=title,enum=sentence,enum=snake,enum=kebab,enum=constant,enum=camel,enum=pascal" jsonschema_description:"title raises every word, sentence the first; the last five make identifiers of words"`
	Language string `json:"language" jsonschema:"enum=any,enum=turkic" jsonschema_description:"turkic, for Turkish and Azeri, pairs i with İ and ı with I"`
}

// Case changes the case of a text, character by character: ß stays ß.
func Case(_ context.Context, in CaseInput) (TextOutput, error) {
	if err := checkText("text", in.Text); err != nil {
		return TextOutput{}, err
	}
	if err := field.OneOf("language", in.Language, "any", "turkic"); err != nil {
		return TextOutput{}, err
	}
	l := letters{}
	if in.Language == "turkic" {
		l.special = unicode.TurkishCase
	}
	switch in.To {
	case "upper":
		return TextOutput{strings.ToUpperSpecial(l.special, in.Text)}, nil
	case "lower":
		return TextOutput{strings.ToLowerSpecial(l.special, in.Text)}, nil
	case "title":
		return TextOutput{l.title(in.Text, true)}, nil
	case "sentence":
		return TextOutput{l.title(in.Text, false)}, nil
	case "snake":
		return TextOutput{l.join(in.Text, "_", l.lower, l.lower)}, nil
	case "kebab":
		return TextOutput{l.join(in.Text, "-", l.lower, l.lower)}, nil
	case "constant":
		return TextOutput{l.join(in.Text, "_", l.upper, l.upper)}, nil
	case "camel":
		return TextOutput{l.join(in.Text, "", l.lower, l.capital)}, nil
	case "pascal":
		return TextOutput{l.join(in.Text, "", l.capital, l.capital)}, nil
	}
	return TextOutput{}, field.OneOf("to", in.To, "upper", "lower", "title", "sentence", "snake", "kebab", "constant", "camel", "pascal")
}

// letters maps case by the rules of a language.
type letters struct{ special unicode.SpecialCase }

func (l letters) lower(s string) string { return strings.ToLowerSpecial(l.special, s) }
func (l letters) upper(s string) string { return strings.ToUpperSpecial(l.special, s) }

func (l letters) capital(s string) string {
	n := width(s)
	return strings.ToTitleSpecial(l.special, s[:n]) + l.lower(s[n:])
}

// title raises the first letter of every word or of every sentence.
func (l letters) title(text string, everyWord bool) string {
	start, word := true, false
	return strings.Map(func(c rune) rune {
		was := word
		word = inWord(c) || was && (c == '\'' || c == '’')
		switch {
		case !word:
			start = start || strings.ContainsRune(".!?…", c)
			return c
		case !was && (everyWord || start):
			start = false
			return l.special.ToTitle(c)
		}
		start = false
		return l.special.ToLower(c)
	}, text)
}

// join makes an identifier of the words of a text, which also begin where a
// capital follows a small letter, or precedes one after capitals: parseHTTPRequest.
func (l letters) join(text, separator string, first, rest func(string) string) string {
	var parts []string
	var part []rune
	flush := func() {
		if len(part) > 0 {
			change := rest
			if len(parts) == 0 {
				change = first
			}
			parts = append(parts, change(string(part)))
			part = part[:0]
		}
	}
	all := []rune(text)
	for i, c := range all {
		if !inWord(c) {
			if c != '\'' && c != '’' {
				flush()
			}
			continue
		}
		if len(part) > 0 && unicode.IsUpper(c) {
			before := part[len(part)-1]
			if !unicode.IsUpper(before) || i+1 < len(all) && unicode.IsLower(all[i+1]) {
				flush()
			}
		}
		part = append(part, c)
	}
	flush()
	return strings.Join(parts, separator)
}

// NormalizeInput is a text and which of its differences do not count.
type NormalizeInput struct {
	Text    string `json:"text"`
	Form    string `json:"form" jsonschema:"enum=keep,enum=NFC,enum=NFD,enum=NFKC,enum=NFKD" jsonschema_description:"Unicode normalization form"`
	Space   string `json:"space" jsonschema:"enum=keep,enum=trim,enum=collapse" jsonschema_description:"trim the ends of lines and of the text; collapse also makes one space of several"`
	Quotes  string `json:"quotes" jsonschema:"enum=keep,enum=ascii" jsonschema_description:"ascii replaces typographic quotes, dashes and ellipses"`
	Newline string `json:"newline" jsonschema:"enum=keep,enum=lf,enum=crlf"`
}

// ascii replaces typographic signs.
func ascii() *strings.Replacer {
	return strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "‘", "'", "’", "'", "‚", "'", "‹", "'", "›", "'",
		"–", "-", "—", "-", "‐", "-", "‑", "-", "−", "-", "…", "...")
}

// Normalize removes differences that do not count.
func Normalize(_ context.Context, in NormalizeInput) (TextOutput, error) {
	if err := in.check(); err != nil {
		return TextOutput{}, err
	}
	s := in.Text
	if in.Quotes == "ascii" {
		s = ascii().Replace(s)
	}
	switch in.Form {
	case "NFC":
		s = norm.NFC.String(s)
	case "NFD":
		s = norm.NFD.String(s)
	case "NFKC":
		s = norm.NFKC.String(s)
	case "NFKD":
		s = norm.NFKD.String(s)
	}
	if in.Newline != "keep" {
		s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	}
	if in.Space != "keep" {
		s = trimLines(s, in.Space == "collapse")
	}
	if in.Newline == "crlf" {
		s = strings.ReplaceAll(s, "\n", "\r\n")
	}
	return TextOutput{s}, nil
}

func (in NormalizeInput) check() error {
	if err := checkText("text", in.Text); err != nil {
		return err
	}
	if err := field.OneOf("form", in.Form, "keep", "NFC", "NFD", "NFKC", "NFKD"); err != nil {
		return err
	}
	if err := field.OneOf("space", in.Space, "keep", "trim", "collapse"); err != nil {
		return err
	}
	if err := field.OneOf("quotes", in.Quotes, "keep", "ascii"); err != nil {
		return err
	}
	return field.OneOf("newline", in.Newline, "keep", "lf", "crlf")
}

func trimLines(s string, collapse bool) string {
	all := strings.Split(s, "\n")
	for i, l := range all {
		end := ""
		if strings.HasSuffix(l, "\r") {
			end = "\r"
		}
		if l = strings.TrimSpace(l); collapse {
			l = strings.Join(strings.Fields(l), " ")
		}
		all[i] = l + end
	}
	return strings.TrimSpace(strings.Join(all, "\n"))
}
