package plan

import (
	"regexp"
	"strconv"
	"strings"
)

var booleanText = regexp.MustCompile(`^(?:(?i:is|what is|evaluate)\s+)?((?:True|False|true|false|not|and|or|\(|\)|\s)+?)\s*(?:\bis|=)?\??$`)

var booleanOperator = regexp.MustCompile(`(?i)\b(and|or|xor)\b`)

// booleans reads an expression of True and False.
func booleans(message string) ([]step, bool) {
	m := booleanText.FindStringSubmatch(message)
	if m == nil || len(m[1]) > 4000 || !strings.Contains(strings.ToLower(m[1]), "e") || len(strings.Fields(m[1])) < 2 {
		return nil, false
	}
	// "not true" is what people say: an expression ends in "is", or has an
	// operator between two values.
	if !strings.HasSuffix(message, " is") && !booleanOperator.MatchString(m[1]) {
		return nil, false
	}
	return one(step{
		task: "logic/bool@1", reading: m[1], input: map[string]any{"expression": m[1]},
		answer: "{{#out.value}}True{{/out.value}}{{^out.value}}False{{/out.value}}",
	})
}

var sumText = regexp.MustCompile(`^([-+*/0-9.() ]*[0-9)]) ?=\??$`)

// bareSum reads an expression that ends in an equals sign.
func bareSum(message string) ([]step, bool) {
	m := sumText.FindStringSubmatch(message)
	if m == nil || len(m[1]) > 4000 || !strings.ContainsAny(m[1], "+*/ ") {
		return nil, false
	}
	return one(arithmetic(m[1]))
}

var factorialText = regexp.MustCompile(`^(?i:what is |what's |calculate |compute )?([0-9]{1,3}) ?!\s*=?\s*\??$`)

// bareFactorial reads 10!, whose mark is no exclamation.
func bareFactorial(message string) ([]step, bool) {
	m := factorialText.FindStringSubmatch(message)
	if m == nil {
		return nil, false
	}
	return factorialOf(nil, values{"n": numeral(m[1])})
}

var wordListText = regexp.MustCompile(`^Sort the following words alphabetically: List: ([\pL\pM'’. -]+)$`)

// wordList reads words to be sorted, with spaces between them.
func wordList(message string) ([]step, bool) {
	m := wordListText.FindStringSubmatch(message)
	if m == nil {
		return nil, false
	}
	return one(step{
		task: "text/sort@1", reading: "words in order", answer: "{{#out.items}}{{.}} {{/out.items}}",
		input: map[string]any{"items": strings.Fields(m[1]), "order": "code_point", "ignore_case": true, "descending": false},
	})
}

var bracketText = regexp.MustCompile(`^Complete the rest of the sequence, making sure that the parentheses are closed properly\. Input: ([][(){}<> ]+)$`)

// brackets reads brackets to be closed.
func brackets(message string) ([]step, bool) {
	m := bracketText.FindStringSubmatch(message)
	if m == nil {
		return nil, false
	}
	return one(step{task: "logic/brackets@1", reading: "what closes " + m[1], input: map[string]any{"text": m[1]}, answer: "{{out.missing}}"})
}

const walkQuestion = "If you follow these instructions, do you return to the starting point?"

var takeSteps = regexp.MustCompile(`^Take (\d{1,6}) steps?(?: (left|right|forward|backward))?\.$`)

// walk reads a walk and whether it ends where it began.
func walk(message string) ([]step, bool) {
	text, _, _ := strings.Cut(message, "\nOptions:\n- Yes\n- No")
	rest, ok := strings.CutPrefix(text, walkQuestion)
	if !ok {
		return nil, false
	}
	moves := []map[string]any{}
	for _, s := range sentences(strings.TrimSpace(rest)) {
		m := takeSteps.FindStringSubmatch(s)
		turn := map[string]string{"Turn left.": "turn_left", "Turn right.": "turn_right", "Turn around.": "turn_around"}[s]
		switch {
		case m != nil:
			n, _ := strconv.Atoi(m[1])
			to := m[2]
			if to == "" {
				to = "forward"
			}
			moves = append(moves, map[string]any{"do": to, "steps": n})
		case turn != "":
			moves = append(moves, map[string]any{"do": turn})
		case s == "Always face forward.":
		default:
			return nil, false
		}
	}
	return one(step{
		task: "logic/walk@1", reading: "a walk of " + strconv.Itoa(len(moves)) + " moves", input: map[string]any{"moves": moves},
		answer: "{{#out.at_start}}Yes{{/out.at_start}}{{^out.at_start}}No{{/out.at_start}}",
	})
}

var (
	tells = regexp.MustCompile(`^(\pL+) (tells the truth|lies)\.$`)
	says  = regexp.MustCompile(`^(\pL+) says (\pL+) (tells the truth|lies)\.$`)
	does  = regexp.MustCompile(`^Does (\pL+) tell the truth\?$`)
)

// truthTellers reads who says what of whom.
func truthTellers(message string) ([]step, bool) {
	facts, claims, who := []map[string]any{}, []map[string]any{}, ""
	for _, s := range sentences(strings.TrimPrefix(message, "Question: ")) {
		if who != "" {
			return nil, false
		}
		if m := tells.FindStringSubmatch(s); m != nil {
			facts = append(facts, map[string]any{"person": m[1], "truthful": m[2] != "lies"})
		} else if m := says.FindStringSubmatch(s); m != nil {
			claims = append(claims, map[string]any{"speaker": m[1], "about": m[2], "truthful": m[3] != "lies"})
		} else if m := does.FindStringSubmatch(s); m != nil {
			who = m[1]
		} else {
			return nil, false
		}
	}
	if who == "" || len(claims) == 0 {
		return nil, false
	}
	return []step{
		{task: "logic/truth@1", reading: "who tells the truth", input: map[string]any{"facts": facts, "claims": claims}},
		{
			task: "json/query@1", from: []feed{{0, "", "/document/value/out"}}, reading: "does " + who + " tell the truth",
			input: map[string]any{
				"document": map[string]any{"value": map[string]any{}}, "variables": map[string]any{"who": who},
				"query": `.out.people[] | select(.person == $who) | if .status == "truthful" then "Yes" elif .status == "lies" then "No" else error("nobody knows") end`,
			},
			answer: "{{#out.results}}{{.}}{{/out.results}}",
		},
	}, true
}
