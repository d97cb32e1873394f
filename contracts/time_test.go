package contracts_test

import (
	"encoding/json"
	"testing"
	"time"

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
