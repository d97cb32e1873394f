package plan

import (
	"slices"
	"strings"
)

// polite are words around a question that ask nothing.
var (
	politeBefore = newPhraseList(
		"could you please tell me", "can you please tell me", "could you tell me", "can you tell me", "please tell me", "tell me",
		"could you please", "can you please", "would you please", "could you", "can you", "would you", "will you", "i need to know", "i want to know",
		"i would like to know", "i'd like to know", "i wanna know", "i'd love to know", "do you know", "do you happen to know", "any idea", "please", "pls", "kindly", "hey", "hi",
		"hello", "hey there", "hi there", "yo", "ok", "okay", "so", "well", "um", "good morning", "good afternoon", "good evening", "quick question", "i have a question",
		"i was wondering", "i am wondering", "i'm wondering", "i wonder", "let me know", "show me", "give me", "get me", "find me", "help me", "help me out", "remind me", "would you mind telling me",
		"i am needing to know", "i need you to", "i need", "i want", "i'd like", "i would like", "i would like to get", "i'd like to get", "i need to find out", "to know", "share", "i want you to", "i'd like you to", "just", "quickly", "dear assistant", "assistant", "thanks", "and", ",", ":", "!", ".",
	)
	politeAfter = newPhraseList(
		"thank you very much", "thank you so much", "thank you", "thanks a lot", "thanks in advance", "thanks", "thx", "many thanks", "cheers", "please", "pls", "for me", "asap",
		"if you can", "if you could", "if possible", "if you don't mind", "if you do not mind", "i appreciate it", "when you get a chance", "real quick", "quickly", "exactly", "?", ".", "!", ",", "…",
	)
)

// asides are the beginnings of sentences that say what an answer is for, and
// purposes what may be said in them. They ask nothing.
var (
	asides = newPhraseList(
		"i need it for", "i need this for", "i need that for", "i need it", "i need this", "it's for", "it is for", "this is for", "that's for", "that is for", "asking for", "for",
		"i'm working on", "i am working on", "i'm writing", "i am writing", "i'm doing", "because i'm working on", "because i need it for",
	)
	purposes = map[string]bool{
		"my": true, "our": true, "a": true, "an": true, "the": true, "some": true, "school": true, "math": true, "work": true, "homework": true, "report": true, "project": true, "class": true,
		"recipe": true, "presentation": true, "essay": true, "test": true, "exam": true, "quiz": true, "spreadsheet": true, "budget": true, "trip": true, "friend": true, "boss": true, "teacher": true,
		"meeting": true, "form": true, "document": true, "paper": true, "assignment": true, "blog": true, "post": true, "article": true, "invoice": true, "today": true, "tonight": true, "now": true,
		"right": true, "kids": true, "daughter": true, "son": true, "science": true, "business": true, "college": true, "job": true, "task": true, "planning": true, "party": true, "cooking": true,
	}
)

// aside returns where an aside at the end of a clause begins.
func aside(tokens []token) (int, bool) {
	end := len(tokens)
	for end > 0 && tokens[end-1].kind == word && purposes[tokens[end-1].text] {
		end--
	}
	if end == len(tokens) || tokens[len(tokens)-1].text == "my" {
		return 0, false
	}
	best, ok := 0, false
	if end == 0 {
		return 0, false
	}
	for _, i := range asides.last[tokens[end-1].text] {
		// "now" and "right" are purposes only behind words that say so.
		if from, found := phraseBefore(tokens[:end], asides.all[i]); found && from > 0 && (!ok || from < best) {
			best, ok = from, true
		}
	}
	return best, ok
}

// aboutNow reports whether a reading tells the date or the time of now. "The date
// for my exam" is another than today's.
func aboutNow(rd reading) bool {
	return strings.HasPrefix(rd.parser, "clock.") || rd.parser == "date.year_now" || rd.parser == "date.month_now" || rd.parser == "date.weekday_rel"
}

// trim takes politeness from both ends of a clause. of says that something was taken
// that may say of what the question is: "for the party".
func trim(tokens []token) (rest []token, of bool) {
	for again := true; again; {
		again = false
		// Each phrase once in turn, those in vain left out.
		for next := 0; len(tokens) > 0; {
			i, end, ok := politeBefore.at(tokens, next)
			if !ok {
				break
			}
			tokens, next, again = tokens[end:], i+1, true
		}
		for next := 0; len(tokens) > 0; {
			i, from, ok := politeAfter.before(tokens, next)
			if !ok {
				break
			}
			tokens, next, again = tokens[:from], i+1, true
		}
		if from, ok := aside(tokens); ok {
			of = of || tokens[from].text == "for" && !timeless(tokens[from+1:])
			tokens, again = tokens[:from], true
		}
	}
	return tokens, of
}

// politely is what trim leaves.
func politely(tokens []token) []token {
	rest, _ := trim(tokens)
	return rest
}

// timeless reports whether all words mean now.
func timeless(tokens []token) bool {
	return !slices.ContainsFunc(tokens, func(t token) bool { return t.text != "today" && t.text != "now" && t.text != "right" })
}

// phraseList is a list of phrases that are found by their first and last words.
type phraseList struct {
	all         [][]string
	first, last map[string][]int
}

func newPhraseList(texts ...string) *phraseList {
	l := &phraseList{all: phrases(texts...), first: map[string][]int{}, last: map[string][]int{}}
	for i, p := range l.all {
		l.first[p[0]] = append(l.first[p[0]], i)
		l.last[p[len(p)-1]] = append(l.last[p[len(p)-1]], i)
	}
	return l
}

// at finds the first phrase from next on that tokens begin with, and its end.
func (l *phraseList) at(tokens []token, next int) (i, end int, ok bool) {
	for _, i := range l.first[tokens[0].text] {
		if i < next {
			continue
		}
		if end, ok := phraseAt(tokens, 0, l.all[i]); ok {
			return i, end, true
		}
	}
	return 0, 0, false
}

// before finds the first phrase from next on that tokens end in, and its beginning.
func (l *phraseList) before(tokens []token, next int) (i, from int, ok bool) {
	for _, i := range l.last[tokens[len(tokens)-1].text] {
		if i < next {
			continue
		}
		if from, ok := phraseBefore(tokens, l.all[i]); ok {
			return i, from, true
		}
	}
	return 0, 0, false
}

// phrases splits texts into the folded words that tokens have.
func phrases(texts ...string) [][]string {
	var all [][]string
	for _, text := range texts {
		tokens, _ := tokenize(text)
		var words []string
		for _, t := range tokens {
			words = append(words, t.text)
		}
		all = append(all, words)
	}
	return all
}

func phraseAt(tokens []token, at int, phrase []string) (int, bool) {
	for _, w := range phrase {
		if at >= len(tokens) || tokens[at].text != w || tokens[at].kind == quoted {
			return 0, false
		}
		at++
	}
	return at, true
}

func phraseBefore(tokens []token, phrase []string) (int, bool) {
	from := len(tokens) - len(phrase)
	if from < 0 {
		return 0, false
	}
	_, ok := phraseAt(tokens, from, phrase)
	return from, ok
}

// splits are what may stand between two questions.
var splits = newPhraseList("and then", "and also", "and", "then", "also", ";", ".", "?", ", and", ",")

// maxClauses bounds the questions of one message.
const maxClauses = 8

// clause is a part of a message with its readings.
type clause struct {
	start, end int // bytes of the message
	readings   []reading
}

// divide returns the ways to cut a message into clauses that are all read, the
// fewest clauses first, each clause with its readings. It stops at the first
// number of clauses for which there is a way.
func divide(c *context, tokens []token) [][]clause {
	d := newDivision(c, tokens)
	for parts := 1; parts <= min(maxClauses, len(d.gaps)+1); parts++ {
		if ways := d.cut(parts, 0); len(ways) > 0 {
			return ways
		}
	}
	return nil
}

// division is a message that is being cut. What was found about a part of it is
// found once.
type division struct {
	c      *context
	tokens []token
	// gaps are where one clause may end and the next begin.
	gaps []gap
	// may are the forms whose words are in the message, said the words of a clause.
	may, tries []int
	said       words
	clauses    map[[2]int]clause
	ways       map[[2]int][][]clause
}

type gap struct{ end, next int }

func newDivision(c *context, tokens []token) *division {
	d := &division{c: c, tokens: tokens, said: newWords(len(wordNumbers)), clauses: map[[2]int]clause{}, ways: map[[2]int][][]clause{}}
	wordNumbers.number(tokens)
	for at := 1; at < len(tokens)-1; at++ {
		if _, end, ok := splits.at(tokens[at:], 0); ok && at+end < len(tokens) {
			d.gaps = append(d.gaps, gap{at, at + end})
		}
	}
	d.said.in(tokens)
	for i := range allForms {
		if allForms[i].within(d.said) {
			d.may = append(d.may, i)
		}
	}
	return d
}

// cut returns the ways to cut the tokens from one on into a number of clauses.
func (d *division) cut(parts, from int) [][]clause {
	if parts == 1 {
		if cl := d.clause(from, len(d.tokens)); len(cl.readings) > 0 {
			return [][]clause{{cl}}
		}
		return nil
	}
	key := [2]int{parts, from}
	ways, ok := d.ways[key]
	if ok {
		return ways
	}
	for _, g := range d.gaps {
		if g.end <= from {
			continue
		}
		first := d.clause(from, g.end)
		if len(first.readings) == 0 {
			continue
		}
		for _, rest := range d.cut(parts-1, g.next) {
			if d.goesOn(g, &first, &rest[0]) {
				continue
			}
			if ways = append(ways, append([]clause{first}, rest...)); len(ways) > maxReadings {
				d.ways[key] = ways
				return ways
			}
		}
	}
	d.ways[key] = ways
	return ways
}

// goesOn reports whether what looks like a second question may be the end of a list
// that the first one is about: the average of 10 and 20 and 30 + 5.
func (d *division) goesOn(g gap, first, second *clause) bool {
	last, next := &d.tokens[g.end-1], &d.tokens[g.next]
	if last.kind != number || next.kind != number || d.tokens[g.end].text != "and" && d.tokens[g.end].text != "," {
		return false
	}
	ofList := func(rd reading) bool { return rd.steps[0].task == "num/stats@1" || rd.steps[0].task == "list/count@1" }
	sum := func(rd reading) bool { return rd.parser == "num.eval" }
	return slices.ContainsFunc(first.readings, ofList) && slices.ContainsFunc(second.readings, sum)
}

// clause reads the tokens from one up to another.
func (d *division) clause(from, to int) clause {
	key := [2]int{from, to}
	cl, ok := d.clauses[key]
	if ok {
		return cl
	}
	if tokens, of := trim(d.tokens[from:to]); len(tokens) > 0 {
		cl = clause{tokens[0].start, tokens[len(tokens)-1].end, d.read(tokens)}
		if of {
			cl.readings = slices.DeleteFunc(cl.readings, aboutNow)
		}
	}
	d.clauses[key] = cl
	return cl
}

func (d *division) read(tokens []token) []reading {
	first, last := tokens[0].id, tokens[len(tokens)-1].id
	d.said.in(tokens)
	d.tries = d.tries[:0]
	for _, i := range d.may {
		if f := &allForms[i]; f.ends(first, last) && f.within(d.said) {
			d.tries = append(d.tries, i)
		}
	}
	return read(d.c, tokens, d.tries)
}
