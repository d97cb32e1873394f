package date

import (
	"context"
	"time"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// DiffInput is two dates.
type DiffInput struct {
	From       string `json:"from" jsonschema:"format=date"`
	To         string `json:"to" jsonschema:"format=date"`
	IncludeEnd bool   `json:"include_end" jsonschema_description:"whether the later date counts as a day too"`
	FreeDays
}

// DiffOutput is how far apart two dates are. All numbers are negative if to is
// before from.
type DiffOutput struct {
	Days int `json:"days"`
	// Calendar is the same distance in the largest units.
	Calendar struct {
		Years  int `json:"years"`
		Months int `json:"months"`
		Days   int `json:"days"`
	} `json:"calendar" jsonschema_description:"whole years, then months, then days; a month ends on its last day if it is too short"`
	BusinessDays *int `json:"business_days" jsonschema:"nullable" jsonschema_description:"null if no weekend is given"`
}

// Diff counts the days from one date to another.
func Diff(_ context.Context, in DiffInput) (DiffOutput, error) {
	from, err := day("from", in.From)
	if err != nil {
		return DiffOutput{}, err
	}
	to, err := day("to", in.To)
	if err != nil {
		return DiffOutput{}, err
	}
	sign := 1
	if to.Before(from) {
		from, to, sign = to, from, -1
	}
	if in.IncludeEnd {
		to = to.AddDate(0, 0, 1)
	}
	out := DiffOutput{Days: sign * daysBetween(from, to)}
	months := wholeMonths(from, to)
	out.Calendar.Years, out.Calendar.Months = sign*(months/12), sign*(months%12)
	out.Calendar.Days = sign * daysBetween(clamped(from, months), to)
	switch {
	case in.Weekend != nil:
		c, err := in.calendar()
		if err != nil {
			return DiffOutput{}, err
		}
		n := sign * openDays(c, from, to)
		out.BusinessDays = &n
	case in.Holidays != nil:
		return DiffOutput{}, field.Errorf("weekend", "is required with holidays, such as [\"saturday\",\"sunday\"]")
	}
	return out, nil
}

// wholeMonths returns the most months that can be added to from without passing to.
func wholeMonths(from, to time.Time) int {
	n := 12*(to.Year()-from.Year()) + int(to.Month()-from.Month())
	if clamped(from, n).After(to) {
		n--
	}
	return n
}

// openDays counts the open days from a date up to another, which does not count.
func openDays(c calendar, from, to time.Time) int {
	perWeek := 0
	for _, free := range c.weekend {
		if !free {
			perWeek++
		}
	}
	weeks := daysBetween(from, to) / 7
	n := weeks * perWeek
	for t := from.AddDate(0, 0, 7*weeks); t.Before(to); t = t.AddDate(0, 0, 1) {
		if !c.weekend[t.Weekday()] {
			n++
		}
	}
	for t := range c.holidays {
		if !c.weekend[t.Weekday()] && !t.Before(from) && t.Before(to) {
			n--
		}
	}
	return n
}
