package date

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

var (
	ctx  = context.Background()
	free = FreeDays{Weekend: []string{"saturday", "sunday"}, Holidays: []string{"2026-12-25", "2026-12-26"}}
)

func TestAdd(t *testing.T) {
	for _, tc := range []struct {
		in   AddInput
		want string
	}{
		{AddInput{"2026-03-03", 45, "days", "", FreeDays{}}, "2026-04-17"}, {AddInput{"2024-02-28", 1, "days", "", FreeDays{}}, "2024-02-29"},
		{AddInput{"2026-01-31", 1, "months", "clamp", FreeDays{}}, "2026-02-28"}, {AddInput{"2026-01-31", 1, "months", "overflow", FreeDays{}}, "2026-03-03"},
		{AddInput{"2024-02-29", 1, "years", "clamp", FreeDays{}}, "2025-02-28"}, {AddInput{"2026-03-31", -1, "months", "clamp", FreeDays{}}, "2026-02-28"},
		{AddInput{"2026-01-01", -2, "weeks", "", FreeDays{}}, "2025-12-18"}, {AddInput{"2026-12-24", 1, "business_days", "", free}, "2026-12-28"},
		{AddInput{"2026-12-28", -1, "business_days", "", free}, "2026-12-24"}, {AddInput{"2026-12-26", 0, "business_days", "", free}, "2026-12-26"},
	} {
		if out, err := Add(ctx, tc.in); err != nil || out.Date != tc.want {
			t.Errorf("%+v = %+v, %v, want %s", tc.in, out, err, tc.want)
		}
	}
}

// Adding what Diff counts, unit by unit, leads from one date to the other; days
// are counted one by one.
func TestDiffAgreesWithCounting(t *testing.T) {
	start := time.Date(2023, 12, 20, 0, 0, 0, 0, time.UTC)
	c, err := free.calendar()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		from := start.AddDate(0, 0, 29*i)
		open := 0
		for days := range 450 {
			to := from.AddDate(0, 0, days)
			out, err := Diff(ctx, DiffInput{from.Format(layout), to.Format(layout), false, free})
			if err != nil || out.Days != days || *out.BusinessDays != open {
				t.Fatalf("%s to %s: %+v, %d open, %v", from, to, out, open, err)
			}
			if got := clamped(from, 12*out.Calendar.Years+out.Calendar.Months).AddDate(0, 0, out.Calendar.Days); !got.Equal(to) || out.Calendar.Days > 30 {
				t.Fatalf("%s to %s: %+v leads to %s", from, to, out.Calendar, got)
			}
			if c.open(to) {
				open++
			}
		}
	}
}

func TestDiff(t *testing.T) {
	out, err := Diff(ctx, DiffInput{"2026-03-01", "2026-01-31", true, FreeDays{}})
	if err != nil || out.Days != -30 || out.Calendar.Months != -1 || out.Calendar.Days != -2 || out.BusinessDays != nil {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestWeekday(t *testing.T) {
	for text, want := range map[string]WeekdayOutput{
		"2026-01-01": {"thursday", 4, 2026, 1, 1, false}, "2027-01-03": {"sunday", 7, 2026, 53, 3, false}, "2000-12-31": {"sunday", 7, 2000, 52, 366, true},
		"1900-03-01": {"thursday", 4, 1900, 9, 60, false},
	} {
		if got, err := Weekday(ctx, WeekdayInput{text}); err != nil || got != want {
			t.Errorf("%s = %+v, %v", text, got, err)
		}
	}
}

func TestParse(t *testing.T) {
	for _, tc := range []struct{ text, formats, want string }{
		{"3/4/2026", "D/M/YYYY", "2026-04-03"}, {"March 5, 2026", "MMMM D, YYYY", "2026-03-05"}, {" 05 mar 2026 ", "DD MMM YYYY", "2026-03-05"},
		{"Thu, 1 Jan 2026", "DDD, D MMM YYYY", "2026-01-01"}, {"13/04/2026", "DD/MM/YYYY|MM/DD/YYYY", "2026-04-13"}, {"20260301", "YYYYMMDD", "2026-03-01"},
	} {
		out, err := Parse(ctx, ParseInput{tc.text, strings.Split(tc.formats, "|")})
		if err != nil || out.Date != tc.want {
			t.Errorf("%q by %s = %+v, %v", tc.text, tc.formats, out, err)
		}
	}
}

// FuzzParse compares with package time where both know the format.
func FuzzParse(f *testing.F) {
	f.Add("2026-02-29")
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := split("YYYY-MM-DD")
		if err != nil {
			t.Fatal(err)
		}
		got, ok := read(parts, text)
		want, err := time.Parse(layout, text)
		if ok != (err == nil && want.Year() > 0) || ok && !got.Equal(want) {
			t.Errorf("%q = %v, %v; package time says %v, %v", text, got, ok, want, err)
		}
	})
}

func TestCron(t *testing.T) {
	for _, tc := range []struct{ expression, after, want string }{
		{"*/15 * * * *", "2026-03-01T08:30", "2026-03-01T08:45 2026-03-01T09:00"}, {"0 9 * * mon-fri", "2026-03-06T09:00", "2026-03-09T09:00 2026-03-10T09:00"},
		{"0 0 29 2 *", "2026-01-01T00:00", "2028-02-29T00:00 2032-02-29T00:00"}, {"0 0 13 * 5", "2026-02-12T00:00", "2026-02-13T00:00 2026-02-20T00:00"},
		{"59 23 31 12 *", "2026-12-31T23:59", "2027-12-31T23:59 2028-12-31T23:59"}, {"0 0 * * 7", "2026-03-01T00:00", "2026-03-08T00:00 2026-03-15T00:00"},
		{"5,10 1-3/2 * jan *", "2026-01-01T01:07", "2026-01-01T01:10 2026-01-01T03:05"},
	} {
		out, err := Cron(ctx, CronInput{tc.expression, tc.after, 2})
		if err != nil || strings.Join(out.Next, " ") != tc.want {
			t.Errorf("%s after %s = %q, %v, want %s", tc.expression, tc.after, out.Next, err, tc.want)
		}
	}
	for _, bad := range []string{"", "* * * *", "60 * * * *", "* * 0 * *", "*/0 * * * *", "5/2 * * * *", "9-5 * * * *", "* * * foo *", "* * * * 8", "0 0 31 2 *", "+5 * * * *", "1,, * * * *"} {
		if out, err := Cron(ctx, CronInput{bad, "2026-01-01T00:00", 1}); err == nil {
			t.Errorf("%q = %q", bad, out.Next)
		}
	}
}

// FuzzCron checks that every time found matches and that none is skipped.
func FuzzCron(f *testing.F) {
	f.Add("*/7 3-5 1,15 * mon")
	f.Fuzz(func(t *testing.T, expression string) {
		c, err := parseCron(expression)
		if err != nil {
			return
		}
		start := time.Date(2026, 2, 27, 22, 0, 0, 0, time.UTC)
		next, ok := c.next(start)
		for m := start.Add(time.Minute); m.Before(start.AddDate(0, 0, 4)); m = m.Add(time.Minute) {
			hit := c.matches(m) && c.hour>>m.Hour()&1 == 1 && c.minute>>m.Minute()&1 == 1
			if hit != (ok && m.Equal(next)) && !m.After(next) {
				t.Fatalf("%q: next %v, but %v matches: %v", expression, next, m, hit)
			}
		}
	})
}

func TestFaultsNameTheField(t *testing.T) {
	run := func(_ any, err error) error { return err }
	for want, err := range map[string]error{
		"date":         run(Add(ctx, AddInput{Date: "2026-02-29", Unit: "days"})),
		"unit":         run(Add(ctx, AddInput{Date: "2026-02-28"})),
		"end_of_month": run(Add(ctx, AddInput{Date: "2026-01-31", Unit: "months", Amount: 1, EndOfMonth: "refuse"})),
		"amount":       run(Add(ctx, AddInput{Date: "9999-12-31", Unit: "days", Amount: 1})),
		"weekend":      run(Add(ctx, AddInput{Date: "2026-01-31", Unit: "business_days", Amount: 1})),
		"weekend[0]":   run(Diff(ctx, DiffInput{From: "2026-01-01", To: "2026-01-02", FreeDays: FreeDays{Weekend: []string{"Sat"}}})),
		"holidays[1]":  run(Diff(ctx, DiffInput{From: "2026-01-01", To: "2026-01-02", FreeDays: FreeDays{Weekend: []string{}, Holidays: []string{"2026-01-01", "x"}}})),
		"to":           run(Diff(ctx, DiffInput{From: "2026-01-01", To: "0000-01-02"})),
		"formats":      run(Parse(ctx, ParseInput{"03/04/2026", []string{"DD/MM/YYYY", "MM/DD/YYYY"}})),
		"formats[0]":   run(Parse(ctx, ParseInput{"x", []string{"YY-MM-DD"}})),
		"text":         run(Parse(ctx, ParseInput{"2026-02-30", []string{"YYYY-MM-DD"}})),
		"after":        run(Cron(ctx, CronInput{"* * * * *", "now", 1})),
		"count":        run(Cron(ctx, CronInput{"* * * * *", "2026-01-01T00:00", 0})),
	} {
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != want {
			t.Errorf("%v, want one about %s", err, want)
		}
	}
}
