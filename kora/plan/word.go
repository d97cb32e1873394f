package plan

import "strings"

// wordRules read questions about words as they are written.
var wordRules = []rule{
	newRule("text.spell", spell,
		"(spell|spell out|spelling) [the word|:] {w:term}", "spell the word : {w:term}", "[how|of how|me how] (do|would|should|can|does) (i|you|we|one|the dictionary) [correctly|properly] spell [out] [the word] {w:term} [correctly]", "how would i go about spelling {w:term}",
		"[me|know] [how] to [correctly|properly] spell [out] [the word|:] {w:term} [correctly]", "how (is|are) [the word] {w:term} (spelled|spelt)", "[know] how {w:term} is (spelled|spelt)", "[the word] {w:term} is (spelled|spelt) how [exactly]",
		"(i don't know|i am not sure|i'm not sure|i can't figure out|i forget|i forgot|i wish i knew|i do not know|not sure|i need help with|remember) how to spell [the word] {w:term}", "[i need] [help] spelling {w:term}", "help me spell {w:term}", "how to spell : {w:term}",
		"[give me|what is|what's|give|a] [the|a] [correct|right|proper|complete|full] (spelling of|way to spell|spelling for|way of spelling) [the word|the word :] {w:term}", "what (letters are|are the letters) in [the word] {w:term}"),
	newRule("text.letters", countLetter,
		"how many {l:letter} ('s|) are [there] in [the word] {w:term}",
		"how many {l:letters} (are|are there|can you find|do you see|does|) [there] [in] [the word] {w:term} [have|contain]", "how many {l:letters} (can you find in|are found in|do you see in) [the word] {w:term}",
		"(count|count up|find|find all) the [number of] {l:letters} in [the word] {w:term}", "count [the] [number of] [times] [the] letter {l:letter} [appears] in [the word] {w:term}", "find all the {l:qletters} in [the word] {w:term}",
		"how many (times does|times is|of) [the letter] {l:letter} (appear|occur|used|found|are|show up) [there] in [the word] {w:term}", "[the] number of {l:letters} in [the word] {w:term}", "how many letter {l:letters} are [there] in [the word] {w:term}", "(count|how many) {l:letters} in [the word] {w:term}"),
	newRule("text.case", changeCase,
		"[convert|change|put|turn|write|make|transform] [the text|the string] {t:text} (to|in|into) [all] {c:casing} [letters]", "(convert|change|put|turn|write|make|transform) [this] (to|in|into) [all] {c:casing} : {t:rest}", "{c:casing} {t:text}", "(make|capitalize) {t:text} {c:casing}", "{v:casingverb} [the text|the string] {t:text}"),
	newRule("text.reverse_sort", sortWords,
		"(sort|order|arrange|put) [these|the|this] [words|following|following words|names|items|list] [alphabetically|in alphabetical order|in abc order|a to z|from a to z] : {t:rest}",
		"(sort|order) [these|the] [words|names|items] (alphabetically|in alphabetical order) {t:text}",
		"alphabetize : {t:rest}", "alphabetize {t:text}"),
	newRule("text.count_words", countWords,
		"how many words (are there in|are in|does) {t:text} [have|contain]", "(count the words in|word count of) {t:text}"),
	newRule("text.count_characters", countCharacters,
		"how many characters (are there in|are in|does) {t:text} [have|contain]"),
}

func spell(c *context, v values) ([]step, bool) {
	w := get[string](v, "w")
	if spelled := strings.ToLower(w); spellings[spelled] && !c.quotes(w) && !strings.Contains(fold(c.req.Message), "word "+spelled) {
		return nil, false // a spelling bee is none of its letters
	}
	return []step{
		{task: "text/split@1", reading: "letters of " + w, input: map[string]any{"text": w, "into": "characters"}},
		query(`.out.parts | join(" ")`, "", "letters of "+w),
	}, true
}

// spellings are what follows "spell" and "spelling" where nothing is to be spelt.
var spellings = map[string]bool{
	"bee": true, "bees": true, "check": true, "checks": true, "checker": true, "checking": true, "test": true, "tests": true, "quiz": true, "mistake": true, "mistakes": true, "error": true, "errors": true, "list": true, "lists": true,
	"contest": true, "words": true, "caster": true, "casting": true, "book": true, "slot": true, "slots": true, "correction": true, "game": true, "games": true, "rules": true, "practice": true, "lesson": true, "lessons": true, "help": true,
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
	if to == "" {
		to = get[string](v, "v")
	}
	return one(step{
		task: "text/case@1", reading: to + " of " + t, answer: "{{out.text}}",
		input: map[string]any{"text": t, "to": to, "language": "any"},
	})
}

func textOf(v values) string { return get[string](v, "t") }

func sortWords(_ *context, v values) ([]step, bool) { return sortedList(v, false) }

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
	"i": true, "you": true, "he": true, "she": true, "we": true, "they": true, "me": true, "him": true, "us": true, "someone": true, "somebody": true, "everyone": true, "people": true, "anyone": true, "who": true, "what": true,
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
	{[]string{"snake", "case"}, "snake"}, {[]string{"kebab", "case"}, "kebab"}, {[]string{"camel", "case"}, "camel"}, {[]string{"pascal", "case"}, "pascal"}, {[]string{"sentence", "case"}, "sentence"}, {[]string{"constant", "case"}, "constant"},
	{[]string{"upper", "-", "case"}, "upper"}, {[]string{"lower", "-", "case"}, "lower"}, {[]string{"camelcase"}, "camel"}, {[]string{"titlecase"}, "title"}, {[]string{"capital", "letters"}, "upper"}, {[]string{"snake_case"}, "snake"},
}

// casingVerbs are verbs that say a case.
var casingVerbs = map[string]string{"uppercase": "upper", "capitalize": "title", "lowercase": "lower", "upcase": "upper", "downcase": "lower"}

// readQuotedLetters reads "a"s.
func readQuotedLetters(m *matcher, from int, yield func(int, any) bool) bool {
	if from+1 < len(m.tokens) && m.tokens[from].kind == quoted && len([]rune(m.tokens[from].text)) == 1 && m.tokens[from+1].text == "s" {
		return yield(from+2, m.tokens[from].text)
	}
	return true
}

func readCasing(m *matcher, from int, yield func(int, any) bool) bool {
	for _, c := range casings {
		if end, ok := phraseAt(m.tokens, from, c.words); ok {
			return yield(end, c.to)
		}
	}
	return true
}

// readItems reads a list with commas, semicolons or lines that ends the message.
func readItems(m *matcher, from int, yield func(int, any) bool) bool {
	return readRest(m, from, func(end int, v any) bool {
		t := v.(string)
		if strings.Contains(t, ":") || len(listItems(t)) < 2 || !strings.ContainsAny(t, ",;\n") {
			return true
		}
		first := strings.Fields(listItems(t)[0])
		for _, w := range []string{"the", "this", "these", "list"} {
			if len(first) > 0 && fold(first[0]) == w {
				return true // words about the list, not in it
			}
		}
		return yield(end, v)
	})
}

// readRest reads all that is left, as it stands in the message.
func readRest(m *matcher, from int, yield func(int, any) bool) bool {
	if from >= len(m.tokens) {
		return true
	}
	first, last := m.tokens[from], m.tokens[len(m.tokens)-1]
	if first.text == ":" {
		return true // the mark before the text
	}
	return yield(len(m.tokens), m.c.req.Message[first.start:last.end])
}
