package zone

import (
	"context"
	"errors"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

func TestConvert(t *testing.T) {
	for _, tc := range []struct {
		in   Input
		time string
	}{
		{Input{"2026-07-01T12:00:00Z", "", "America/Phoenix", "", ""}, "2026-07-01T05:00:00-07:00"},
		{Input{"2026-01-15T09:00:00", "Europe/Berlin", "Asia/Kolkata", "refuse", "refuse"}, "2026-01-15T13:30:00+05:30"},
		{Input{"2026-03-29T02:30:00", "Europe/Berlin", "Europe/Berlin", "refuse", "forward"}, "2026-03-29T03:30:00+02:00"},
		{Input{"2026-03-29T02:30:00", "Europe/Berlin", "Europe/Berlin", "refuse", "backward"}, "2026-03-29T01:30:00+01:00"},
		{Input{"2026-10-25T02:30:00", "Europe/Berlin", "UTC", "earlier", "refuse"}, "2026-10-25T00:30:00+00:00"},
		{Input{"2026-10-25T02:30:00", "Europe/Berlin", "UTC", "later", "refuse"}, "2026-10-25T01:30:00+00:00"},
		{Input{"2011-12-30T12:00:00", "Pacific/Apia", "UTC", "refuse", "forward"}, "2011-12-30T22:00:00+00:00"},
		{Input{"2026-06-01T00:00:00.25", "Australia/Lord_Howe", "UTC", "refuse", "refuse"}, "2026-05-31T13:30:00.25+00:00"},
	} {
		out, err := Convert(context.Background(), tc.in)
		if err != nil || out.Time != tc.time {
			t.Errorf("%+v: %+v, %v, want %s", tc.in, out, err, tc.time)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		in    Input
		field string
	}{
		{Input{"2026-03-29T02:30:00", "Europe/Berlin", "UTC", "refuse", "refuse"}, "time"},
		{Input{"2026-10-25T02:30:00", "Europe/Berlin", "UTC", "refuse", "refuse"}, "time"},
		{Input{"2026-10-25T02:30:00Z", "Europe/Berlin", "UTC", "", ""}, "from"}, {Input{"2026-10-25", "UTC", "UTC", "refuse", "refuse"}, "time"},
		{Input{"2026-10-25T02:30:00", "UTC", "UTC", "", "refuse"}, "ambiguous"}, {Input{"2026-10-25T02:30:00", "UTC", "UTC", "later", ""}, "gap"},
		{Input{"2026-10-25T02:30:00", "", "UTC", "later", "refuse"}, "from"}, {Input{"2026-10-25T02:30:00Z", "", "Mars/Base", "", ""}, "to"},
		{Input{"2026-10-25T02:30:00Z", "", "../etc/passwd", "", ""}, "to"}, {Input{"2026-10-25T02:30:00Z", "", "Local", "", ""}, "to"},
		{Input{"9999-12-31T23:59:59Z", "", "Asia/Tokyo", "", ""}, "time"},
	} {
		_, err := Convert(context.Background(), tc.in)
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != tc.field {
			t.Errorf("%+v: %v, want one about %s", tc.in, err, tc.field)
		}
	}
}
