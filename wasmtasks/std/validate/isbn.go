package validate

import (
	"context"
	"strings"
)

// ISBN judges an International Standard Book Number of ten or thirteen digits
// (ISO 2108). Its usual form has thirteen.
func ISBN(_ context.Context, in Input) (Output, error) {
	last := strings.ToUpper(in.Text)
	body, x := strings.CutSuffix(last, "X")
	if x {
		body = strings.TrimRight(body, " -") + "0" // stands for the ten
	}
	digits, ok := compact(body)
	switch {
	case !ok:
		return invalid("has signs other than digits, spaces and hyphens")
	case len(digits) == 10:
		return isbn10(digits, x)
	case len(digits) == 13 && !x:
		return isbn13(digits)
	}
	return invalid("has %d digits, not 10 or 13", len(digits))
}

func isbn10(digits string, x bool) (Output, error) {
	sum := 0
	for i := range 10 {
		sum += (10 - i) * int(digits[i]-'0')
	}
	if x {
		sum += 10
	}
	if sum%11 != 0 {
		return invalid("the check digit is not right")
	}
	long := "978" + digits[:9]
	check := (10 - weigh(long)%10) % 10
	return valid(long + string(rune('0'+check)))
}

func isbn13(digits string) (Output, error) {
	if !strings.HasPrefix(digits, "978") && !strings.HasPrefix(digits, "979") {
		return invalid("does not begin with 978 or 979")
	}
	if weigh(digits)%10 != 0 {
		return invalid("the check digit is not right")
	}
	return valid(digits)
}

// weigh sums digits with weights 1 and 3.
func weigh(digits string) int {
	sum := 0
	for i := range len(digits) {
		sum += int(digits[i]-'0') * (1 + i%2*2)
	}
	return sum
}
