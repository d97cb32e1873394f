// Package validate tells whether texts are well-formed identifiers. What is
// wrong with a text is a result, not an error. The package promises to look at
// the form only: that an address exists is for others to say.
package validate

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Input is the text to judge.
type Input struct {
	Text string `json:"text" jsonschema:"maxLength=1000"`
}

// Output is the verdict.
type Output struct {
	Valid bool `json:"valid"`
	// Reason says what is wrong.
	Reason string `json:"reason,omitempty" jsonschema_description:"what is wrong, absent if valid"`
	// Normalized is the text in its usual form.
	Normalized string `json:"normalized,omitempty" jsonschema_description:"the usual form, absent if not valid"`
}

func invalid(format string, args ...any) (Output, error) {
	return Output{Reason: fmt.Sprintf(format, args...)}, nil
}

func valid(normalized string) (Output, error) {
	return Output{Valid: true, Normalized: normalized}, nil
}

// Check is a task of this package.
type Check func(ctx context.Context, in Input) (Output, error)

// Bounded refuses texts that nothing judged here can be as long as.
func Bounded(check Check) Check {
	return func(ctx context.Context, in Input) (Output, error) {
		if err := field.AtMost("text", len(in.Text), 1000, "bytes"); err != nil {
			return Output{}, err
		}
		return check(ctx, in)
	}
}

// Luhn judges a number whose last digit is a check digit after Luhn
// (ISO/IEC 7812-1, annex B), such as that of a payment card.
func Luhn(_ context.Context, in Input) (Output, error) {
	digits, ok := compact(in.Text)
	if !ok || len(digits) < 2 {
		return invalid("is not a number of at least two digits, in groups or not")
	}
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d = 2*d - 9*(d/5)
		}
		sum += d
	}
	if sum%10 != 0 {
		return invalid("the check digit is not right")
	}
	return valid(digits)
}

// compact removes single spaces and hyphens between digits.
func compact(text string) (string, bool) {
	var b strings.Builder
	group := false
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			b.WriteByte(c)
			group = true
		case (c == ' ' || c == '-') && group && i < len(text)-1:
			group = false
		default:
			return "", false
		}
	}
	return b.String(), true
}

// IP judges an address of IP version 4 or 6, or a prefix of them in CIDR form.
func IP(_ context.Context, in Input) (Output, error) {
	if strings.Contains(in.Text, "/") {
		p, err := netip.ParsePrefix(in.Text)
		if err != nil {
			return invalid("is not a prefix such as 192.0.2.0/24")
		}
		return valid(p.String())
	}
	a, err := netip.ParseAddr(in.Text)
	if err != nil || a.Zone() != "" {
		return invalid("is not an address such as 192.0.2.1 or 2001:db8::1")
	}
	return valid(a.String())
}

// Date judges a calendar date of ISO 8601, extended form.
func Date(_ context.Context, in Input) (Output, error) {
	if t, err := time.Parse(time.DateOnly, in.Text); err != nil || t.Year() < 1 {
		return invalid("is not a date of the calendar such as 2026-03-01")
	}
	return valid(in.Text)
}

// Phone judges an international telephone number after ITU-T E.164: a plus sign
// and up to fifteen digits, the first not zero. Spaces, hyphens, dots and
// parentheses may group them.
func Phone(_ context.Context, in Input) (Output, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(in.Text), "+")
	if !ok {
		return invalid("has no + and country code, so that it depends on where it is dialled")
	}
	digits := strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "").Replace(text)
	if plain, ok := compact(digits); !ok || plain != digits {
		return invalid("has signs other than digits and separators")
	}
	if len(digits) < 7 || len(digits) > 15 {
		return invalid("has %d digits, not 7 to 15", len(digits))
	}
	if digits[0] == '0' {
		return invalid("no country code begins with 0")
	}
	return valid("+" + digits)
}
