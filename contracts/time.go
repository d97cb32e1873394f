package contracts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

// Time is an instant in UTC, written as RFC 3339 with milliseconds at least,
// nanoseconds at most and no zero more than that, so that one instant has one
// spelling. Its year has four digits.
type Time struct{ time.Time }

// String formats t for documents.
func (t Time) String() string {
	var b [32]byte
	return string(t.append(b[:0]))
}

// append appends what String returns.
func (t Time) append(b []byte) []byte {
	u := t.UTC()
	year, month, day := u.Date()
	if year < 0 || year > 9999 { // checkYear refuses it; it is shown all the same
		return u.AppendFormat(b, "2006-01-02T15:04:05.000Z")
	}
	hour, minute, second := u.Clock()
	two := func(v int, behind byte) { b = append(b, byte('0'+v/10), byte('0'+v%10), behind) }
	b = append(b, byte('0'+year/1000), byte('0'+year/100%10))
	two(year%100, '-')
	two(int(month), '-')
	two(day, 'T')
	two(hour, ':')
	two(minute, ':')
	two(second, '.')
	var digits [9]byte
	for i, nanos := len(digits)-1, u.Nanosecond(); i >= 0; i-- {
		digits[i] = byte('0' + nanos%10)
		nanos /= 10
	}
	n := len(digits)
	for n > 3 && digits[n-1] == '0' {
		n--
	}
	return append(append(b, digits[:n]...), 'Z')
}

// MarshalText implements encoding.TextMarshaler.
func (t Time) MarshalText() ([]byte, error) {
	if err := t.checkYear(); err != nil {
		return nil, err
	}
	return []byte(t.String()), nil
}

// UnmarshalText accepts RFC 3339 with any offset and keeps UTC.
func (t *Time) UnmarshalText(b []byte) error {
	v, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil || lenient(b) {
		return fmt.Errorf("%.64q is not an RFC 3339 time of at most 9 digits after the point", b)
	}
	t.Time = v.UTC()
	return t.checkYear()
}

// parsePlain reads the form that String writes of whole milliseconds, or of
// microseconds as nodes' clocks have them; ok is false for any other text.
func parsePlain(s string) (t Time, ok bool) {
	const form = "0000-00-00T00:00:00."
	n := len(s)
	if n < len(form)+4 || n > len(form)+10 || s[n-1] != 'Z' {
		return t, false
	}
	for i := range n - 1 {
		digit := s[i] >= '0' && s[i] <= '9'
		if i < len(form) && form[i] != '0' {
			digit = s[i] == form[i]
		}
		if !digit {
			return t, false
		}
	}
	number := func(from, to int) (v int) {
		for _, c := range []byte(s[from:to]) {
			v = 10*v + int(c-'0')
		}
		return v
	}
	month, day := number(5, 7), number(8, 10)
	hour, minute, second := number(11, 13), number(14, 16), number(17, 19)
	if month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return t, false
	}
	nanos := number(len(form), n-1)
	for i := n - 1 - len(form); i < 9; i++ {
		nanos *= 10
	}
	if n-1-len(form) > 3 && s[n-2] == '0' {
		return t, false // a zero more than String writes
	}
	t.Time = time.Date(number(0, 4), time.Month(month), day, hour, minute, second, nanos, time.UTC)
	return t, t.Day() == day && t.Month() == time.Month(month)
}

// lenient reports whether b is one of the forms that package time accepts and
// RFC 3339 does not, or that it would cut: an hour of one digit, a comma, more
// digits than nanoseconds have, an offset of 24 hours.
func lenient(b []byte) bool {
	const seconds = len("2006-01-02T15:04:05")
	const offset = len("+15:04")
	if len(b) <= seconds || b[seconds-6] != ':' || b[seconds] == ',' {
		return true
	}
	if b[seconds] == '.' && bytes.IndexAny(b[seconds+1:], "Z+-") > 9 {
		return true
	}
	return b[len(b)-1] != 'Z' && string(b[len(b)-offset+1:][:2]) == "24"
}

// checkYear refuses what has no RFC 3339 form; an offset can lead there.
func (t Time) checkYear() error {
	if y := t.UTC().Year(); y < 0 || y > 9999 {
		return fmt.Errorf("year %d is not within 0 to 9999", y)
	}
	return nil
}

// MarshalJSON implements json.Marshaler; it shadows the embedded method.
func (t Time) MarshalJSON() ([]byte, error) {
	if err := t.checkYear(); err != nil {
		return nil, err
	}
	return json.Marshal(t.String())
}

// UnmarshalJSON implements json.Unmarshaler; it shadows the embedded method.
func (t *Time) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	return t.UnmarshalText([]byte(s))
}

// MarshalCBOR writes the same text as JSON.
func (t Time) MarshalCBOR() ([]byte, error) {
	if err := t.checkYear(); err != nil {
		return nil, err
	}
	return dagcbor.Marshal(t.String())
}

// UnmarshalCBOR reads the text form. Another spelling of the same instant is
// caught by the strict decoder, which compares re-encoded bytes.
func (t *Time) UnmarshalCBOR(b []byte) error {
	var s string
	if err := dagcbor.Unmarshal(b, &s); err != nil {
		return err
	}
	return t.UnmarshalText([]byte(s))
}
