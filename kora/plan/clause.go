package plan

// polite are words around a question that ask nothing, longest first.
var (
	politeBefore = phrases(
		"could you please tell me", "can you please tell me", "could you tell me", "can you tell me", "please tell me", "tell me",
		"could you please", "can you please", "would you please", "could you", "can you", "would you", "i need to know", "i want to know",
		"i would like to know", "i'd like to know", "do you know", "please", "hey", "hi", "hello", "ok", "okay", "so", "quick question", ",", ":",
	)
	politeAfter = phrases("thank you very much", "thank you", "thanks a lot", "thanks", "please", "for me", "?", ".", "!", ",")
)

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
