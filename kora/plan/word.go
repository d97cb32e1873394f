package plan

import "strings"

// wordRules read questions about words as they are written.
var wordRules = []rule{
	newRule("text.spell", spell,
		"(spell|spell out) [the word] {w:term}",
		"how (do|would|should) (i|you|we) spell [out] [the word] {w:term}",
		"how to spell [out] [the word] {w:term}",
		"how is [the word] {w:term} spelled", "[the word] {w:term} is spelled how",
		"[give me|what is|what's] the [correct|right|proper] (spelling of|way to spell) [the word] {w:term}"),
	newRule("text.letters", countLetter,
		"how many {l:letter} ('s|) are [there] in [the word] {w:term}",
		"how many {l:letters} are [there] in [the word] {w:term}",
		"how many times does [the letter] {l:letter} (appear|occur) in [the word] {w:term}"),
	newRule("text.case", changeCase,
		"(convert|change|put|turn|write) {t:text} (to|in|into) {c:casing}", "(convert|change|put|turn|write) (to|in|into) {c:casing} : {t:rest}"),
	newRule("text.reverse_sort", sortWords,
		"(sort|order) [these|the] [words|following|following words|names|items] [alphabetically|in alphabetical order] : {t:rest}",
		"(sort|order) [these|the] [words|names|items] (alphabetically|in alphabetical order) {t:text}",
		"alphabetize : {t:rest}", "alphabetize {t:text}"),
	newRule("text.count_words", countWords,
		"how many words (are there in|are in|does) {t:text} [have|contain]", "(count the words in|word count of) {t:text}"),
	newRule("text.count_characters", countCharacters,
		"how many (characters|letters) (are there in|are in|does) {t:text} [have|contain]"),
}

func spell(_ *context, v values) ([]step, bool) {
	w := get[string](v, "w")
	return one(step{
		task: "text/split@1", reading: "letters of " + w, answer: "{{#out.parts}}{{.}} {{/out.parts}}",
		input: map[string]any{"text": w, "into": "characters"},
	})
}

func countLetter(_ *context, v values) ([]step, bool) {
	l, w := get[string](v, "l"), get[string](v, "w")
	return one(step{
		task: "text/count@1", reading: "number of " + l + " in " + w, answer: "{{out.count}}",
		input: map[string]any{"text": w, "find": l, "ignore_case": true},
	})
}

func changeCase(_ *context, v values) ([]step, bool) {
	t, to := textOf(v), get[string](v, "c")
	return one(step{
		task: "text/case@1", reading: to + " of " + t, answer: "{{out.text}}",
		input: map[string]any{"text": t, "to": to, "language": "any"},
	})
}

func textOf(v values) string { return get[string](v, "t") }

func sortWords(_ *context, v values) ([]step, bool) {
	items := listItems(textOf(v))
	if len(items) < 2 {
		return nil, false
	}
	return one(step{
		task: "text/sort@1", reading: "sorted: " + strings.Join(items, ", "), answer: "{{#out.items}}{{.}}\n{{/out.items}}",
		input: map[string]any{"items": items, "order": "code_point", "ignore_case": true, "descending": false},
	})
}

// listItems splits a list at its separators: lines, else commas, else spaces.
func listItems(s string) []string {
	for _, sep := range []string{"\n", ";", ",", " "} {
		if !strings.Contains(strings.TrimSpace(s), sep) {
			continue
		}
		var items []string
		for part := range strings.SplitSeq(s, sep) {
			if part = strings.TrimSpace(part); part != "" {
				items = append(items, part)
			}
		}
		return items
	}
	return nil
}

func countWords(_ *context, v values) ([]step, bool)      { return statistic(v, "words") }
func countCharacters(_ *context, v values) ([]step, bool) { return statistic(v, "characters") }

func statistic(v values, what string) ([]step, bool) {
	t := textOf(v)
	return one(step{
		task: "text/stats@1", reading: what + " of " + t, answer: "{{out." + what + "}}", input: map[string]any{"text": t},
	})
}

// readTerm reads a word, quoted or not. A pronoun or an article is none.
func readTerm(m *matcher, from int, yield func(int, any) bool) bool {
	if from >= len(m.tokens) {
		return true
	}
	t := m.tokens[from]
	if t.kind == quoted {
		return yield(from+1, t.text)
	}
	if t.kind != word || notTerms[t.text] {
		return true
	}
	return yield(from+1, t.raw)
}

var notTerms = map[string]bool{
	"it": true, "that": true, "this": true, "them": true, "these": true, "those": true, "my": true, "your": true, "his": true, "her": true,
	"the": true, "a": true, "an": true, "word": true, "out": true, "name": true, "something": true, "for": true,
}

// readLetter reads one letter, readLetters one with a plural s.
func readLetter(m *matcher, from int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && len([]rune(m.tokens[from].text)) == 1 && m.tokens[from].kind != number {
		return yield(from+1, m.tokens[from].text)
	}
	return true
}

func readLetters(m *matcher, from int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && m.tokens[from].kind == word {
		for _, end := range []string{"'s", "s"} {
			if l, ok := strings.CutSuffix(m.tokens[from].text, end); ok && len([]rune(l)) == 1 {
				return yield(from+1, l)
			}
		}
	}
	return true
}

var casings = []struct {
	words []string
	to    string
}{
	{[]string{"upper", "case"}, "upper"}, {[]string{"uppercase"}, "upper"}, {[]string{"capitals"}, "upper"}, {[]string{"all", "caps"}, "upper"},
	{[]string{"lower", "case"}, "lower"}, {[]string{"lowercase"}, "lower"}, {[]string{"title", "case"}, "title"},
	{[]string{"snake", "case"}, "snake"}, {[]string{"kebab", "case"}, "kebab"}, {[]string{"camel", "case"}, "camel"},
}

func readCasing(m *matcher, from int, yield func(int, any) bool) bool {
	for _, c := range casings {
		if end, ok := phraseAt(m.tokens, from, c.words); ok {
			return yield(end, c.to)
		}
	}
	return true
}

// readRest reads all that is left, as it stands in the message.
func readRest(m *matcher, from int, yield func(int, any) bool) bool {
	if from >= len(m.tokens) {
		return true
	}
	first, last := m.tokens[from], m.tokens[len(m.tokens)-1]
	return yield(len(m.tokens), m.c.req.Message[first.start:last.end])
}
