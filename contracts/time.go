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
	u := t.UTC()
	if u.Nanosecond()%int(time.Millisecond) == 0 {
		return u.Format("2006-01-02T15:04:05.000Z")
	}
	return u.Format("2006-01-02T15:04:05.999999999Z")
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
