package plan

import (
	"math/big"
	"regexp"
	"strings"
)

// Claim is something that a text says and that can be computed again.
type Claim struct {
	// Text is the claim as it stands, from Start up to End in bytes.
	Text  string `json:"text"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	// Said is the value that the text gives, Question what has that value.
	Said     string `json:"said"`
	Question string `json:"question"`
	// About is set where the text itself calls the value a rough one.
	About bool `json:"about,omitempty"`
}

// MaxClaims bounds the claims of one text.
const MaxClaims = 16

// maxClaimText bounds the text that is searched.
const maxClaimText = 64 << 10

// Claims finds what a text says about sums, percentages, units, dates and letters,
// in order and at most MaxClaims of it. What is not certainly such a claim is left
// out: a formula with a letter in it, a value that goes on.
func Claims(text string) []Claim {
	if len(text) > maxClaimText {
		text = text[:maxClaimText]
	}
	// Marks for emphasis are no operators.
	plain := strings.NewReplacer("**", "  ", "__", "  ", "`", " ").Replace(text)
	var all []Claim
	add := func(c Claim) {
		for i := range all {
			if c.Start < all[i].End && all[i].Start < c.End {
				return // one claim a place
			}
		}
		if len(all) < MaxClaims {
			c.Text = text[c.Start:c.End]
			all = append(all, c)
		}
	}
	for _, f := range claimForms {
		for _, m := range f.form.FindAllStringSubmatchIndex(plain, MaxClaims) {
			part := func(i int) string { return plain[m[2*i]:m[2*i+1]] }
			add(Claim{Start: m[0], End: m[1], Said: part(f.said), Question: f.question(part), About: rough.MatchString(part(0))})
		}
	}
	tokens, ok := tokenize(plain)
	if !ok {
		tokens = tokens[:min(len(tokens), maxTokens)]
	}
	for at := range tokens {
		if c, ok := sumClaim(plain, tokens, at); ok {
			add(c)
		}
	}
	sortClaims(all)
	return all
}

func sortClaims(all []Claim) {
	for i := 1; i < len(all); i++ {
		for k := i; k > 0 && all[k].Start < all[k-1].Start; k-- {
			all[k], all[k-1] = all[k-1], all[k]
		}
	}
}

// claimForm is a way to say something that can be computed: said is the group of
// the value.
type claimForm struct {
	form     *regexp.Regexp
	said     int
	question func(part func(int) string) string
}

const (
	claimDate   = `((?:(?:January|February|March|April|May|June|July|August|September|October|November|December) \d{1,2}(?:st|nd|rd|th)?,? \d{4})|(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:January|February|March|April|May|June|July|August|September|October|November|December),? \d{4})|\d{4}-\d\d-\d\d)`
	claimNumber = `(-?\d+(?:,\d{3})*(?:\.\d+)?)`
	claimUnit   = `([a-zA-Z°]+(?: [a-z]+)?)`
	claimAbout  = `(?:about |approximately |roughly |around |exactly )?`
)

var rough = regexp.MustCompile(`≈|\b(?:about|approximately|roughly|around)\b`)

var claimForms = []claimForm{
	{regexp.MustCompile(claimDate + ` (?:is|was|will be|falls on|fell on|is on) (?:a )?(Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b`), 2, func(p func(int) string) string {
		return "what day of the week is " + p(1)
	}},
	{regexp.MustCompile(`\b[Tt]here are ` + claimNumber + ` days (?:between|from) ` + claimDate + ` (?:and|to|until) ` + claimDate), 1, func(p func(int) string) string {
		return "how many days from " + p(2) + " to " + p(3)
	}},
	{regexp.MustCompile(`\b[Tt]here (?:are|is) (\d+) (?:letter )?["']?([a-zA-Z])["']?(?:'s|s)? in (?:the word )?["']?([a-zA-Z]+)["']?`), 1, func(p func(int) string) string {
		return "how many " + strings.ToLower(p(2)) + "'s are in " + strings.ToLower(p(3))
	}},
	{regexp.MustCompile(claimNumber + ` ` + claimUnit + ` (?:=|≈|is|are|equals|equal|is equal to) ` + claimAbout + claimNumber + ` ` + claimUnit + `\b`), 3, func(p func(int) string) string {
		return "convert " + p(1) + " " + p(2) + " to " + p(4)
	}},
}

// joins are words and marks before a sum that make it part of a longer one.
var joins = map[string]bool{
	"plus": true, "minus": true, "times": true, "over": true, "of": true, "than": true, "by": true, "+": true, "-": true, "*": true, "/": true, "^": true, "%": true,
	"x": true, "mod": true, "modulo": true, "power": true, "squared": true, "cubed": true, "root": true, "to": true, "$": true, "€": true, "£": true, "(": true, "[": true, "{": true, "_": true, "\\": true, "|": true, "!": true,
	"negative": true, "half": true, "off": true, "from": true, "divided": true, "multiplied": true, "log": true, "sin": true, "cos": true, "tan": true, "ln": true, "not": true,
}

const maxSumTokens = 48

// sumClaim reads a claim about a sum whose equals sign is the token at a position:
// all of the sum before it, and a number after it that does not go on.
func sumClaim(text string, tokens []token, at int) (Claim, bool) {
	switch t := tokens[at]; {
	case t.kind == mark && t.text == "=", t.kind == word && (t.text == "equals" || t.text == "is"):
	default:
		return Claim{}, false
	}
	sign, from := "", at+1
	for from < len(tokens) && tokens[from].kind == word && (tokens[from].text == "exactly" || tokens[from].text == "equal" || tokens[from].text == "to") {
		from++
	}
	if from < len(tokens) && tokens[from].text == "-" {
		sign, from = "-", from+1
	}
	if from >= len(tokens) || tokens[from].kind != number || !newLine(text, tokens, from+1) && goesOn(tokens, from+1) {
		return Claim{}, false
	}
	c := newContext(&Request{})
	for begin := max(0, at-maxSumTokens); begin < at-1; begin++ {
		if !readsSum(c, tokens[begin:at]) {
			continue
		}
		// The longest sum ends the search: within it another would be a part only.
		if begin > 0 && !newLine(text, tokens, begin) && (joins[tokens[begin-1].text] || tokens[begin-1].kind == number || len(tokens[begin-1].text) == 1 && tokens[begin-1].kind == word && tokens[begin-1].text != "a") {
			return Claim{}, false
		}
		return Claim{
			Start: tokens[begin].start, End: tokens[from].end, Said: sign + tokens[from].raw,
			Question: "what is " + rawOf(tokens[begin:at]),
		}, true
	}
	return Claim{}, false
}

// newLine reports whether a token begins a line.
func newLine(text string, tokens []token, at int) bool {
	return at < len(tokens) && strings.Contains(text[tokens[at-1].end:tokens[at].start], "\n")
}

// goesOn reports whether what follows a number makes it part of something else.
func goesOn(tokens []token, at int) bool {
	if at >= len(tokens) {
		return false
	}
	t := tokens[at]
	return t.kind == mark && strings.Contains("+-*/^%(=!°$€£_", t.text) || t.kind == number || t.kind == word && (!t.spaced || joins[t.text] || large[t.text] > 0)
}

// readsSum reports whether tokens are one sum, with at least one operation.
func readsSum(c *context, tokens []token) bool {
	m := &matcher{c: c, tokens: tokens, steps: maxSteps}
	found := false
	readExpression(m, 0, func(end int, v any) bool {
		found = end == len(tokens) && v.(expression).operators > 0
		return !found
	})
	return found || percentOf(tokens)
}

// percentOf reads "15% of 240".
func percentOf(tokens []token) bool {
	return len(tokens) == 4 && tokens[0].kind == number && (tokens[1].text == "%" || tokens[1].text == "percent") && tokens[2].text == "of" && tokens[3].kind == number
}

func rawOf(tokens []token) string {
	m := &matcher{tokens: tokens}
	return m.raw(0, len(tokens))
}

// Agrees reports whether what was said of a value is what was computed. A fraction
// is compared to as many digits as were said, a rough value to one in a hundred, all
// other numbers must be equal; everything else is compared as text in any case.
func (c *Claim) Agrees(computed string) bool {
	said, okSaid := decimal(c.Said)
	got, okGot := decimal(computed)
	if !okSaid || !okGot {
		return strings.EqualFold(strings.TrimSpace(c.Said), strings.TrimSpace(computed))
	}
	diff := new(big.Rat).Sub(said, got)
	diff.Abs(diff)
	within := new(big.Rat)
	if _, fraction, ok := strings.Cut(c.Said, "."); ok {
		unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(fraction))), nil)
		within.SetFrac(big.NewInt(1), unit.Lsh(unit, 1)) // half of the last digit
	}
	if rough := new(big.Rat).Mul(got, big.NewRat(1, 100)); c.About && rough.Abs(rough).Cmp(within) > 0 {
		within = rough
	}
	return diff.Cmp(within) <= 0
}

// decimal reads the number that a text begins with; a unit may follow.
func decimal(s string) (*big.Rat, bool) {
	first, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	first = strings.ReplaceAll(first, ",", "")
	if first == "" || len(first) > 400 || strings.Trim(first, "-.0123456789") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(first)
}

// Check plans what a claim is checked by, without a model. ok is false where it
// cannot be.
func (c *Claim) Check(r Request) (p Plan, ok bool) {
	r.Message, r.Models, r.Attachments, r.Routes = c.Question, ModelNever, nil, nil
	p = Make(&r)
	return p, p.Kind == Deterministic
}
