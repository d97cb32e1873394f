package contracts_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

func TestTimeHasOneSpelling(t *testing.T) {
	for in, want := range map[string]string{
		"2026-03-01T12:00:00Z":                "2026-03-01T12:00:00.000Z",
		"2026-03-01T12:00:00.5+01:00":         "2026-03-01T11:00:00.500Z",
		"2026-03-01T12:00:00.500000000Z":      "2026-03-01T12:00:00.500Z",
		"2026-03-01T12:00:00.1234Z":           "2026-03-01T12:00:00.1234Z",
		"2026-03-01T12:00:00.000000001-00:30": "2026-03-01T12:30:00.000000001Z",
		"0000-01-01T00:00:00Z":                "0000-01-01T00:00:00.000Z",
		"9999-12-31T23:59:59.999999999Z":      "9999-12-31T23:59:59.999999999Z",
	} {
		var got contracts.Time
		if err := got.UnmarshalText([]byte(in)); err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got.String() != want {
			t.Errorf("%s is written as %s, want %s", in, got, want)
		}
	}
}

// TestTimeIsFormatted holds what is written by hand against package time, and what
// is read by hand against UnmarshalText.
func TestTimeIsFormatted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-62167219200, 253402300799).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		at = at.Truncate(time.Duration(rapid.SampledFrom([]int{1, 10, 1000, 1e6, 1e7, 1e9}).Draw(t, "step")))
		got, form := contracts.Time{Time: at}.String(), "2006-01-02T15:04:05.999999999Z"
		if at.Nanosecond()%1e6 == 0 {
			form = "2006-01-02T15:04:05.000Z"
		}
		if want := at.UTC().Format(form); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		digits := rapid.StringMatching(`\d{4}-\d{2}-[0-3]\d[T ][0-2]\d:[0-6]\d:[0-6]\d\.\d{2,10}Z?`).Draw(t, "text")
		for _, text := range []string{got, digits} {
			var slow contracts.Time
			valid := slow.UnmarshalText([]byte(text)) == nil && slow.String() == text
			block, err := dagcbor.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			if quick, err := contracts.ReadTime(block); valid != (err == nil) || valid && (!quick.Equal(slow.Time) || quick.String() != text) {
				t.Fatalf("%s is read as %s, %v", text, quick, err)
			}
		}
	})
}

func TestTimeRefusesWhatIsNotRFC3339(t *testing.T) {
	for name, in := range map[string]string{
		"empty":                        "",
		"no zone":                      "2026-03-01T12:00:00",
		"no time":                      "2026-03-01",
		"an hour of one digit":         "2026-03-01T1:00:00Z",
		"a comma":                      "2026-03-01T12:00:00,5Z",
		"ten digits":                   "2026-03-01T12:00:00.1234567891Z",
		"ten digits and an offset":     "2026-03-01T12:00:00.1234567891+01:00",
		"offset out of range":          "2026-03-01T12:00:00+24:00",
		"a small t":                    "2026-03-01t12:00:00Z",
		"a small z":                    "2026-03-01T12:00:00z",
		"a space":                      "2026-03-01 12:00:00Z",
		"leap second":                  "2026-12-31T23:59:60Z",
		"day that is not":              "2026-02-29T12:00:00Z",
		"year before 0 after offset":   "0000-01-01T00:00:00+23:59",
		"year after 9999 after offset": "9999-12-31T23:59:59-00:01",
	} {
		var got contracts.Time
		if err := got.UnmarshalText([]byte(in)); err == nil {
			t.Errorf("%s: %q is accepted as %s", name, in, got)
		}
	}
}

func TestTimeBeyondFourDigitsIsNotWritten(t *testing.T) {
	far := contracts.Time{Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}
	if b, err := json.Marshal(far); err == nil {
		t.Errorf("JSON is %s", b)
	}
	if b, err := dagcbor.Marshal(far); err == nil {
		t.Errorf("DAG-CBOR is %x", b)
	}
	if b, err := far.MarshalText(); err == nil {
		t.Errorf("text is %s", b)
	}
}
