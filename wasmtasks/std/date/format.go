package date

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// tokens are the parts of a format that stand for something, longer ones first.
var tokens = [...]string{"YYYY", "MMMM", "MMM", "MM", "M", "DDDD", "DDD", "DD", "D"}

var errFormat = errors.New("a format has YYYY, one of M to MMMM, one of D or DD, at most one of DDD or DDDD, and no other letter Y, M or D")

// split cuts a format into tokens and the text between them.
func split(format string) ([]string, error) {
	if len(format) > 100 {
		return nil, errors.New("format is longer than 100 bytes")
	}
	var parts []string
	var seen [256]int // of Y, M, D and w for weekdays
	for rest := format; rest != ""; {
		token := rest[:1]
		for _, t := range tokens {
			if strings.HasPrefix(rest, t) {
				token = t
				break
			}
		}
		rest = rest[len(token):]
		parts = append(parts, token)
		if len(token) == 1 && token == "Y" {
			return nil, errFormat
		}
		if strings.HasPrefix(token, "DDD") {
			seen['w']++
		} else {
			seen[token[0]]++
		}
	}
	if seen['Y'] != 1 || seen['M'] != 1 || seen['D'] != 1 || seen['w'] > 1 {
		return nil, errFormat
	}
	return parts, nil
}

// read matches the whole text with the parts of a format.
func read(parts []string, text string) (time.Time, bool) {
	var year, month, dayOfMonth, weekDay int
	for _, part := range parts {
		ok := true
		switch part {
		case "YYYY":
			year, text, ok = number(text, 4, 4)
		case "MM":
			month, text, ok = number(text, 2, 2)
		case "M":
			month, text, ok = number(text, 1, 2)
		case "DD":
			dayOfMonth, text, ok = number(text, 2, 2)
		case "D":
			dayOfMonth, text, ok = number(text, 1, 2)
		case "MMMM", "MMM":
			month, text, ok = name(text, len(part) == 3, 12, func(i int) string { return time.Month(i).String() })
		case "DDDD", "DDD":
			weekDay, text, ok = name(text, len(part) == 3, 7, func(i int) string { return time.Weekday(i - 1).String() })
		default:
			text, ok = strings.CutPrefix(text, part)
		}
		if !ok {
			return time.Time{}, false
		}
	}
	t := time.Date(year, time.Month(month), dayOfMonth, 0, 0, 0, 0, time.UTC)
	exists := year >= 1 && int(t.Month()) == month && t.Day() == dayOfMonth && (weekDay == 0 || int(t.Weekday()) == weekDay-1)
	return t, text == "" && exists
}

// number reads as many digits as there are, up to most.
func number(text string, least, most int) (n int, rest string, ok bool) {
	end := 0
	for end < len(text) && end < most && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	if end < least {
		return 0, text, false
	}
	n, err := strconv.Atoi(text[:end])
	return n, text[end:], err == nil
}

// name reads one of n names, in any case, and returns its number from 1.
func name(text string, short bool, n int, of func(int) string) (i int, rest string, ok bool) {
	for i := 1; i <= n; i++ {
		want := of(i)
		if short {
			want = want[:3]
		}
		if len(text) >= len(want) && strings.EqualFold(text[:len(want)], want) {
			return i, text[len(want):], true
		}
	}
	return 0, text, false
}
