package eval

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// rewrite says the same in another way. ok is false where it cannot be done.
type rewrite struct {
	name string
	do   func(it *Item, n int) (string, bool)
}

// rewrites are eight ways to say the same. n chooses among variants.
var rewrites = []rewrite{
	{"spaces", func(it *Item, _ int) (string, bool) {
		return "  " + strings.ReplaceAll(it.Message, " ", "  ") + " ", !literal(it)
	}},
	{"punctuation", func(it *Item, n int) (string, bool) {
		if strings.Contains(it.Message, "!") || strings.HasSuffix(it.Message, "}") {
			return "", false
		}
		return strings.TrimRight(it.Message, "? ") + [...]string{"", "??", ".", "?!"}[n%4], true
	}},
	{"case", func(it *Item, n int) (string, bool) {
		if literal(it) || hasAny(it.ID, "base64", "valid") {
			return "", false
		}
		if n%2 == 0 {
			return strings.ToUpper(it.Message), true
		}
		return strings.ToUpper(it.Message[:1]) + it.Message[1:], true
	}},
	{"polite", func(it *Item, n int) (string, bool) {
		return [...]string{"please ", "hi, ", "hello, ", "hey, quick question: "}[n%4] + it.Message + [...]string{"", " thanks", ", please", " thank you"}[n/4%4], !strings.HasSuffix(it.Message, "}") && !hasAny(it.ID, "text.sort", "text.dedupe")
	}},
	{"synonym", synonym},
	{"typo", typo},
	{"number words", numberWords},
	{"context", func(it *Item, n int) (string, bool) {
		if strings.HasSuffix(it.Message, "}") || hasAny(it.ID, "text.sort", "text.dedupe") {
			return "", false
		}
		return strings.TrimRight(it.Message, "? ") + [...]string{". I need it for my homework.", "? It's for a report.", " for my math homework", ", this is for a school project"}[n%4], true
	}},
}

// literal reports whether a message has a text that must stay as it is.
func literal(it *Item) bool {
	return strings.ContainsAny(it.Message, "\"{}") || len(it.Attachments) > 0
}

func hasAny(id string, families ...string) bool {
	for _, f := range families {
		if strings.HasPrefix(id, f) {
			return true
		}
	}
	return false
}

var synonyms = []struct{ from, to string }{
	{"what is ", "what's "}, {"what's ", "what is "}, {"calculate ", "compute "}, {"convert ", "change "}, {"find ", "calculate "}, {"square root of", "sqrt of"},
	{"greatest common divisor", "gcd"}, {"average", "mean"}, {" plus ", " + "}, {" times ", " x "}, {" percent of ", "% of "}, {"compute ", "work out "}, {"the largest of", "the maximum of"},
}

func synonym(it *Item, n int) (string, bool) {
	for k := range synonyms {
		s := synonyms[(k+n)%len(synonyms)]
		if literal(it) {
			continue
		}
		if strings.Contains(it.Message, s.from) {
			return strings.Replace(it.Message, s.from, s.to, 1), true
		}
	}
	return "", false
}

// slippery are words that are mistyped: those of questions, not of their data.
var slippery = regexp.MustCompile(`\b(what|convert|calculate|compute|many|percent|square|between|days|valid|number|weekday|letters|reverse|binary|decimal|factorial|average|median|largest|spell|words|prime|divided|price|quantity)\b`)

// typo changes two letters of a word.
func typo(it *Item, n int) (string, bool) {
	all := slippery.FindAllStringIndex(it.Message, -1)
	if len(all) == 0 || strings.Contains(it.Message, `"`) {
		return "", false
	}
	at := all[n%len(all)]
	w := []byte(it.Message[at[0]:at[1]])
	k := 1 + n%(len(w)-2)
	if w[k] == w[k+1] {
		return "", false
	}
	w[k], w[k+1] = w[k+1], w[k]
	return it.Message[:at[0]] + string(w) + it.Message[at[1]:], true
}

var integer = regexp.MustCompile(`(^|[ (])([0-9]{1,3})($|[ %?)])`)

// numberWords writes a number below a thousand in words.
func numberWords(it *Item, _ int) (string, bool) {
	if literal(it) || !hasAny(it.ID, "num.eval", "num.percent", "num.off", "num.square", "num.gcd", "num.lcm", "unit", "date.in", "num.mod", "num.prime") || strings.ContainsAny(it.Message, ".^") {
		return "", false
	}
	m := integer.FindStringSubmatchIndex(it.Message)
	if m == nil {
		return "", false
	}
	n, err := strconv.Atoi(it.Message[m[4]:m[5]])
	if err != nil {
		return "", false
	}
	said := it.Message[:m[4]] + spoken(n) + it.Message[m[5]:]
	if strings.Contains(said, spoken(n)+"%") {
		said = strings.Replace(said, spoken(n)+"%", spoken(n)+" percent", 1)
	}
	return said, true
}

var (
	ones = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	tens = strings.Fields("- - twenty thirty forty fifty sixty seventy eighty ninety")
)

func spoken(n int) string {
	switch {
	case n < 20:
		return ones[n]
	case n < 100 && n%10 == 0:
		return tens[n/10]
	case n < 100:
		return tens[n/10] + "-" + ones[n%10]
	case n%100 == 0:
		return ones[n/100] + " hundred"
	}
	return ones[n/100] + " hundred and " + spoken(n%100)
}

// sameWords compares what is said without regard to case, for the rewrites that
// change it.
func sameWords(a, b string) bool {
	strip := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return unicode.ToLower(r)
		}, s)
	}
	return strip(a) == strip(b)
}
