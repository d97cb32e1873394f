package plan

import (
	"strings"
	"unicode"
)

// textRules read operations on texts and lists that wordRules do not.
var textRules = []rule{
	newRule("text.reverse", reverse, "(reverse|flip) [the] [text|string|word] [:] {w:text}", "reverse the (word|string|letters of|letters in) [:] {w:term}", "<what> [the word] {w:term} (backwards|reversed|in reverse|spelled backwards)", "(write|spell|say) [the word] {w:term} (backwards|backward|in reverse)"),
	newRule("text.length", letterCount, "how many letters (are there in|are in|in|does|make up) [the word|the text|the string] {w:term} [have|contain]", "how many letters long is [the word] {w:term}", "[the word] {w:term} (has|got) how many letters", "<what> [the] number of letters (of|in) [the] [word|string|text] {w:term}"),
	newRule("text.characters", characterCount, "how many characters (are there in|are in|in|does|make up) [the word|the text|the string] {t:text} [have|contain]", "how many characters (are there in|are in|in|does|make up) the (word|text|string) {w:term} [have|contain]",
		"how many characters long is [the word|the text|the string] {t:text}", "how long is the (word|text|string) {w:term}", "<what> [the] length (of|in) [the] [word|string|text] {t:text}", "<what> [the] length (of|in) the (word|string|text) {w:term}"),
	newRule("text.count_lines", func(_ *context, v values) ([]step, bool) { return statistic(v, "lines") }, "how many lines (are there in|are in) [the text|the following|this text|:] {t:rest}"),
	newRule("text.words_of", countWords, "how many words (are there in|are in|in) [the sentence|the phrase|the text|the following|this sentence|this text|this] : {t:rest}", "(count|count up) [the] [number of] words (in|of) [this|the] [text|sentence|phrase] : {t:rest}", "word count : {t:rest}", "how many words (are in|are there in|in|does) [the] [sentence|phrase|text] {t:text} [have|contain]", "count the words in [the] [sentence|phrase|text] {t:text}"),
	newRule("text.characters_of", countCharacters, "how many characters (are there in|are in|in) [the text|the following|this text|this] : {t:rest}", "(count|count up) [the] [number of] characters (in|of) [this|the] [text|sentence|phrase] [:] {t:text}"),
	newRule("text.sentences_of", func(_ *context, v values) ([]step, bool) { return statistic(v, "sentences") }, "how many sentences (are there in|are in|in) [the text|the following|this text|this] : {t:rest}", "how many sentences (are there in|are in|in) {t:text}"),
	newRule("text.replace", replace, "(replace|change|substitute) [all|every] {a:text} (with|by|to) {b:text} in {t:text}", "in {t:text} [,] (replace|change) [all|every] {a:text} (with|by|to) {b:text}"),
	newRule("text.occurrences", occurrences, "how (many times|often) (does|do|is) [the word|the text|the string] {a:text} (appear|occur|show up|found|come up) in {t:text}", "count [the] [number of] occurrences of [the word] {a:text} in {t:text}"),
	newRule("text.dedupe", dedupe, "(remove|delete|drop|eliminate) [the|all|any] (duplicates|duplicate items|duplicate words|repeated items) (from|in) [the list|this list|the following|these|the following list] [:] {t:items}", "(dedupe|deduplicate|dedup|uniq) [the list|this list|these|this] [:] {t:items}", "(find|list|show|what are) [the] unique (items|values|words|elements) (in|of|from) [the list|this list] [:] {t:items}"),
	newRule("list.sort_down", sortWordsDown, "(sort|order) [these|the|this] [words|following|following words|names|items|list] (in reverse alphabetical order|reverse alphabetically|in descending order|from z to a|z to a) : {t:rest}"),
	newRule("list.count", countItems, "how many (items|elements|entries|things) (are there in|are in|in) [the list|this list|the following list|the following] [:] {t:items}", "count the (items|elements|entries) in [the list|this list] [:] {t:items}"),
	newRule("text.compare", anagram, "are {a:term} and {b:term} anagrams [of each other]", "is {a:term} an anagram of {b:term}"),
	newRule("text.palindrome", palindrome, "is [the word] {w:term} a palindrome", "(check|tell) if [the word] {w:term} is a palindrome"),
	newRule("text.trim", squeeze, "(normalize|collapse|clean up|remove extra|strip extra|remove the extra) (whitespace|spaces|white space) (in|from|of) {t:text}"),
	newRule("text.slug", slug, "(convert|turn|make) {t:text} (to|into) [a] slug", "slugify {t:text}"),
}

func reverse(_ *context, v values) ([]step, bool) {
	w := get[string](v, "w")
	return one(step{task: "text/split@1", reading: w + " reversed", answer: "{{#out.parts}}{{.}}{{/out.parts}}", input: map[string]any{"text": w, "into": "characters", "do": "reverse"}})
}

// letterCount counts letters only: the space in "hello world" is none.
func letterCount(_ *context, v values) ([]step, bool) {
	w := get[string](v, "w")
	if wholeThings[strings.ToLower(w)] {
		return nil, false // the letters of "the alphabet" are not those of its name
	}
	return one(lettersIn(w))
}

func lettersIn(w string) step {
	if !strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }) {
		s, _ := statistic(values{"t": w}, "characters")
		return s[0]
	}
	return step{
		task: "json/query@1", reading: "letters of " + w, answer: "{{#out.results}}{{.}}{{/out.results}}",
		input: map[string]any{"document": map[string]any{"value": map[string]any{"w": w}}, "limit": 1, "query": `[.w | match("\\p{L}"; "g")] | length`},
	}
}

// wholeThings are words for something that has letters of its own.
var wholeThings = map[string]bool{
	"alphabet": true, "english": true, "spanish": true, "french": true, "german": true, "italian": true, "portuguese": true, "russian": true, "greek": true, "hebrew": true, "arabic": true, "hawaiian": true, "japanese": true, "chinese": true, "korean": true, "latin": true,
	"scrabble": true, "words": true, "total": true, "question": true, "sentence": true, "message": true, "text": true, "mail": true, "email": true,
}

func characterCount(_ *context, v values) ([]step, bool) {
	t := textOf(v)
	if t == "" {
		t = get[string](v, "w")
	}
	return statistic(values{"t": t}, "characters")
}

func replace(_ *context, v values) ([]step, bool) {
	a, b := get[string](v, "a"), get[string](v, "b")
	if a == "" {
		return nil, false
	}
	return one(step{task: "text/replace@1", reading: a + " replaced by " + b, answer: "{{out.text}}", input: map[string]any{"text": textOf(v), "find": a, "with": b}})
}

func occurrences(_ *context, v values) ([]step, bool) {
	a := get[string](v, "a")
	if a == "" {
		return nil, false
	}
	return one(step{
		task: "text/count@1", reading: "number of " + a, answer: "{{out.count}}",
		input: map[string]any{"text": textOf(v), "find": a, "ignore_case": true, "whole_words": !strings.ContainsFunc(a, func(r rune) bool { return strings.ContainsRune(" .,-", r) })},
	})
}

func dedupe(_ *context, v values) ([]step, bool) {
	items := listItems(textOf(v))
	if len(items) < 2 {
		return nil, false
	}
	return []step{
		{task: "text/dedupe@1", reading: "without duplicates", input: map[string]any{"items": items, "ignore_case": false, "ignore_space": true, "keep": "first"}},
		query(`.out.items | join(", ")`, "", "without duplicates: "+strings.Join(items, ", ")),
	}, true
}

func sortWordsDown(_ *context, v values) ([]step, bool) { return sortedList(v, true) }

func sortedList(v values, down bool) ([]step, bool) {
	items := listItems(textOf(v))
	if len(items) < 2 {
		return nil, false
	}
	return []step{
		{task: "text/sort@1", reading: "in order", input: map[string]any{"items": items, "order": "code_point", "ignore_case": true, "descending": down}},
		query(`.out.items | join("\n")`, "", "sorted: "+strings.Join(items, ", ")),
	}, true
}

func countItems(_ *context, v values) ([]step, bool) {
	items := listItems(textOf(v))
	if len(items) < 2 {
		return nil, false
	}
	return one(step{task: "list/count@1", reading: "number of items", answer: "{{out.total}}", input: map[string]any{"items": items}})
}

// lettersOf is a text's letters and digits in order, in lower case, as one text:
// spaces and marks do not count in what reads the same backwards.
func lettersOf(v values, name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, get[string](v, name))
}

func anagram(_ *context, v values) ([]step, bool) {
	a, b := lettersOf(v, "a"), lettersOf(v, "b")
	return one(step{
		task: "json/query@1", reading: a + " and " + b + " have the same letters", answer: "{{#out.results}}{{.}}{{/out.results}}",
		input: map[string]any{"document": map[string]any{"value": map[string]any{"a": a, "b": b}}, "limit": 1, "query": `if (.a | explode | sort) == (.b | explode | sort) then "yes" else "no" end`},
	})
}

func palindrome(_ *context, v values) ([]step, bool) {
	w := lettersOf(v, "w")
	return one(step{
		task: "json/query@1", reading: w + " is the same backwards", answer: "{{#out.results}}{{.}}{{/out.results}}",
		input: map[string]any{"document": map[string]any{"value": map[string]any{"w": w}}, "limit": 1, "query": `.w | explode | if . == reverse then "yes" else "no" end`},
	})
}

func squeeze(_ *context, v values) ([]step, bool) {
	return one(step{
		task: "text/normalize@1", reading: "white space collapsed", answer: "{{out.text}}",
		input: map[string]any{"text": textOf(v), "form": "keep", "space": "collapse", "quotes": "keep", "newline": "keep"},
	})
}

func slug(_ *context, v values) ([]step, bool) {
	return one(step{task: "text/case@1", reading: "slug of " + textOf(v), answer: "{{out.text}}", input: map[string]any{"text": textOf(v), "to": "kebab", "language": "any"}})
}
