package plan

// polite are words around a question that ask nothing.
var (
	politeBefore = phrases(
		"could you please tell me", "can you please tell me", "could you tell me", "can you tell me", "please tell me", "tell me",
		"could you please", "can you please", "would you please", "could you", "can you", "would you", "will you", "i need to know", "i want to know",
		"i would like to know", "i'd like to know", "i wanna know", "i'd love to know", "do you know", "do you happen to know", "any idea", "please", "pls", "kindly", "hey", "hi",
		"hello", "hey there", "hi there", "yo", "ok", "okay", "so", "well", "um", "good morning", "good afternoon", "good evening", "quick question", "i have a question",
		"i was wondering", "i am wondering", "i'm wondering", "i wonder", "let me know", "show me", "give me", "get me", "find me", "help me", "help me out", "remind me", "would you mind telling me",
		"i am needing to know", "i need you to", "i need", "i want", "i'd like", "i would like", "i would like to get", "i'd like to get", "i need to find out", "to know", "share", "i want you to", "i'd like you to", "just", "quickly", "dear assistant", "assistant", "thanks", "and", ",", ":", "!", ".",
	)
	politeAfter = phrases(
		"thank you very much", "thank you so much", "thank you", "thanks a lot", "thanks in advance", "thanks", "thx", "many thanks", "cheers", "please", "pls", "for me", "asap",
		"if you can", "if you could", "if possible", "if you don't mind", "if you do not mind", "i appreciate it", "when you get a chance", "real quick", "quickly", "exactly", "?", ".", "!", ",", "…",
	)
)

// asides are the beginnings of sentences that say what an answer is for, and
// purposes what may be said in them. They ask nothing.
var (
	asides = phrases(
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
	for _, a := range asides {
		// "now" and "right" are purposes only behind words that say so.
		if from, found := phraseBefore(tokens[:end], a); found && from > 0 && (!ok || from < best) {
			best, ok = from, true
		}
	}
	return best, ok
}

// trim takes politeness from both ends of a clause.
func trim(tokens []token) []token {
	for again := true; again; {
		again = false
		for _, p := range politeBefore {
			if end, ok := phraseAt(tokens, 0, p); ok {
				tokens, again = tokens[end:], true
			}
		}
		for _, p := range politeAfter {
			if from, ok := phraseBefore(tokens, p); ok {
				tokens, again = tokens[:from], true
			}
		}
		if from, ok := aside(tokens); ok {
			tokens, again = tokens[:from], true
		}
	}
	return tokens
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
var splits = phrases("and then", "and also", "and", "then", "also", ";", ".", "?", ", and", ",")

// divide returns the ways to cut a message into clauses that are all read, the
// fewest clauses first, each clause with its readings. It stops at the first
// number of clauses for which there is a way.
func divide(c *context, tokens []token) [][]clause {
	memo := map[[2]int][]reading{}
	for parts := 1; parts <= maxClauses; parts++ {
		if ways := cut(c, tokens, parts, memo, 0); len(ways) > 0 {
			return ways
		}
	}
	return nil
}

// maxClauses bounds the questions of one message.
const maxClauses = 8

// clause is a part of a message with its readings.
type clause struct {
	start, end int // bytes of the message
	readings   []reading
}

// cut cuts tokens into the given number of clauses. memo holds the readings of
// token ranges, whose numbers count from the message's beginning.
func cut(c *context, tokens []token, parts int, memo map[[2]int][]reading, from int) [][]clause {
	if parts == 1 {
		if cl, ok := clauseOf(c, tokens, memo, from, len(tokens)); ok {
			return [][]clause{{cl}}
		}
		return nil
	}
	var ways [][]clause
	for at := 1; at < len(tokens)-1; at++ {
		end, ok := splitAt(tokens, at)
		if !ok {
			continue
		}
		first, ok := clauseOf(c, tokens[:at], memo, from, at)
		if !ok {
			continue
		}
		for _, rest := range cut(c, tokens[end:], parts-1, memo, from+end) {
			ways = append(ways, append([]clause{first}, rest...))
			if len(ways) > maxReadings {
				return ways
			}
		}
	}
	return ways
}

func splitAt(tokens []token, at int) (int, bool) {
	for _, s := range splits {
		if end, ok := phraseAt(tokens, at, s); ok && end < len(tokens) {
			return end, true
		}
	}
	return 0, false
}

func clauseOf(c *context, tokens []token, memo map[[2]int][]reading, from, n int) (clause, bool) {
	key := [2]int{from, from + n}
	readings, ok := memo[key]
	trimmed := trim(tokens)
	if !ok {
		if len(trimmed) > 0 {
			readings = read(c, trimmed)
		}
		memo[key] = readings
	}
	if len(readings) == 0 {
		return clause{}, false
	}
	return clause{trimmed[0].start, trimmed[len(trimmed)-1].end, readings}, true
}
