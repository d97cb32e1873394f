package plan

import "strconv"

// small and large are the words of English numbers.
var small = map[string]int64{
	"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	"eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
	"nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
	"dozen": 12,
}

var large = map[string]int64{"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 1_000_000_000_000}

type spelledNumber struct {
	value string
	end   int
}

// spelled returns the number in words that begins at a token, the longest form
// first, and every shorter one that is a number too.
func spelled(tokens []token, from int) []spelledNumber {
	var found []spelledNumber
	var total, part int64
	last := int64(1 << 62) // the last word's size: "twenty five", not "five twenty"
	for at := from; at < len(tokens) && at-from < 16; at++ {
		t := tokens[at].text
		switch n, isSmall := small[t]; {
		case tokens[at].kind == mark && t == "-" && at > from && at+1 < len(tokens):
			continue
		case t == "and" && at > from && part%100 == 0 && part > 0:
			continue
		case isSmall && (n < 10 && last >= 20 || n >= 10 && last >= 100) || isSmall && at == from:
			part += n
			last = max(n, 1)
		case large[t] == 100 && at > from && part > 0 && part < 100:
			part *= 100
			last = 100
		case large[t] > 100 && at > from && part > 0 && (total == 0 || total%(large[t]*1000) == 0):
			total, part = total+part*large[t], 0
			last = large[t]
		default:
			return reversed(found)
		}
		found = append(found, spelledNumber{strconv.FormatInt(total+part, 10), at + 1})
	}
	return reversed(found)
}

func reversed(s []spelledNumber) []spelledNumber {
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
	return s
}
