package num

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// RomanInput is a number in Roman or in decimal digits.
type RomanInput struct {
	Value string `json:"value" jsonschema:"minLength=1,maxLength=20" jsonschema_description:"such as MCMXC or 1990, from 1 to 3999; Roman digits in either case and in the usual order"`
}

// RomanOutput is the number in both.
type RomanOutput struct {
	Roman  string `json:"roman"`
	Number int    `json:"number"`
}

// Roman converts to and from Roman digits.
func Roman(_ context.Context, in RomanInput) (RomanOutput, error) {
	text := strings.ToUpper(strings.TrimSpace(in.Value))
	n, err := strconv.Atoi(text)
	if err != nil {
		n = fromRoman(text)
	}
	if n < 1 || n > 3999 || roman(n) != text && strconv.Itoa(n) != text {
		return RomanOutput{}, field.Errorf("value", "%.30q is not a number from 1 to 3999 in Roman or decimal digits", in.Value)
	}
	return RomanOutput{roman(n), n}, nil
}

// fromRoman adds up digits, a smaller one before a larger one subtracted. Of
// texts in another order than the usual it makes other numbers.
func fromRoman(text string) int {
	values := map[byte]int{'M': 1000, 'D': 500, 'C': 100, 'L': 50, 'X': 10, 'V': 5, 'I': 1}
	n := 0
	for i := range len(text) {
		v := values[text[i]]
		if i+1 < len(text) && v < values[text[i+1]] {
			v = -v
		}
		n += v
	}
	return n
}

func roman(n int) string {
	digits := [...]struct {
		value int
		text  string
	}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}}
	var b strings.Builder
	for _, d := range digits {
		for ; n >= d.value; n -= d.value {
			b.WriteString(d.text)
		}
	}
	return b.String()
}

// WordsInput is a whole number in English words or in digits.
type WordsInput struct {
	Value string `json:"value" jsonschema:"minLength=1,maxLength=300" jsonschema_description:"such as two hundred and five, twenty-one or -205; below 10^15"`
}

// WordsOutput is the number in both.
type WordsOutput struct {
	Words  string `json:"words" jsonschema_description:"without and: two hundred five"`
	Number int64  `json:"number"`
}

var (
	ones  = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	tens  = strings.Fields("twenty thirty forty fifty sixty seventy eighty ninety")
	large = strings.Fields("thousand million billion trillion") // of the short scale
)

// Words converts whole numbers to and from English words.
func Words(_ context.Context, in WordsInput) (WordsOutput, error) {
	if err := field.AtMost("value", len(in.Value), 300, "bytes"); err != nil {
		return WordsOutput{}, err
	}
	text := strings.ToLower(strings.TrimSpace(in.Value))
	var n int64
	if rest, err := fmt.Sscanf(text, "%d", &n); rest != 1 || err != nil || fmt.Sprint(n) != text {
		if n, err = fromWords(text); err != nil {
			return WordsOutput{}, field.Errorf("value", "%.60q %v", in.Value, err)
		}
	}
	if n <= -1e15 || n >= 1e15 {
		return WordsOutput{}, field.Errorf("value", "%d is not below 10^15", n)
	}
	return WordsOutput{inWords(n), n}, nil
}

func inWords(n int64) string {
	if n < 0 {
		return "minus " + inWords(-n)
	}
	if n < 1000 {
		return belowThousand(int(n))
	}
	var parts []string
	for i := len(large); i >= 0; i-- {
		unit := int64(1)
		for range i {
			unit *= 1000
		}
		if k := int(n / unit); k > 0 {
			words := belowThousand(k)
			if i > 0 {
				words += " " + large[i-1]
			}
			parts = append(parts, words)
		}
		n %= unit
	}
	return strings.Join(parts, " ")
}

func belowThousand(n int) string {
	var parts []string
	if n >= 100 {
		parts = append(parts, ones[n/100]+" hundred")
		if n %= 100; n == 0 {
			return parts[0]
		}
	}
	switch {
	case n < 20:
		parts = append(parts, ones[n])
	case n%10 == 0:
		parts = append(parts, tens[n/10-2])
	default:
		parts = append(parts, tens[n/10-2]+"-"+ones[n%10])
	}
	return strings.Join(parts, " ")
}

var errWords = errors.New("is not a whole number in English words")

// fromWords reads what inWords writes, with "and" after hundred and thousand and
// with "a" for one before them too.
func fromWords(text string) (int64, error) {
	text = strings.ReplaceAll(text, "-", " ")
	words := strings.Fields(text)
	sign := int64(1)
	if len(words) > 0 && (words[0] == "minus" || words[0] == "negative") {
		sign, words = -1, words[1:]
	}
	var plain []string
	for i, w := range words {
		switch {
		case w == "and" && i > 0 && i+1 < len(words) && (words[i-1] == "hundred" || position(large, words[i-1]) >= 0):
		case (w == "a" || w == "an") && i+1 < len(words) && (words[i+1] == "hundred" || position(large, words[i+1]) >= 0):
			plain = append(plain, "one")
		default:
			plain = append(plain, w)
		}
	}
	var total, group int64
	for _, w := range plain {
		switch i, j, k := position(ones, w), position(tens, w), position(large, w); {
		case i >= 0:
			group += int64(i)
		case j >= 0:
			group += int64(10 * (j + 2))
		case w == "hundred":
			group *= 100
		case k >= 0:
			unit := int64(1)
			for range k + 1 {
				unit *= 1000
			}
			total, group = total+group*unit, 0
		default:
			return 0, errWords
		}
		if group > 1e6 || total > 1e15 {
			return 0, errWords
		}
	}
	// Written again it must be the same: "two three" and "hundred two" are not.
	n := total + group
	if len(plain) == 0 || strings.ReplaceAll(inWords(n), "-", " ") != strings.Join(plain, " ") {
		return 0, errWords
	}
	return sign * n, nil
}

func position(list []string, word string) int {
	for i, w := range list {
		if w == word {
			return i
		}
	}
	return -1
}
