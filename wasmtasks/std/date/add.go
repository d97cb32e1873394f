package date

import (
	"context"
	"time"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// AddInput is a date and what to add to it.
type AddInput struct {
	Date       string `json:"date" jsonschema:"format=date"`
	Amount     int    `json:"amount" jsonschema:"minimum=-4000000,maximum=4000000" jsonschema_description:"negative to go back"`
	Unit       string `json:"unit" jsonschema:"enum=days,enum=weeks,enum=months,enum=years,enum=business_days"`
	EndOfMonth string `json:"end_of_month,omitempty" jsonschema:"enum=clamp,enum=overflow,enum=refuse" jsonschema_description:"required for months and years: what one month after 31 January is; the last of February, 3 March or an error"`
	FreeDays
}

// AddOutput is the date reached.
type AddOutput struct {
	Date    string `json:"date"`
	Weekday string `json:"weekday"`
}

// Add adds days, weeks, months, years or business days to a date. Adding
// business days counts the open days after the date; the date itself need not be
// one, and 0 is the date itself.
func Add(_ context.Context, in AddInput) (AddOutput, error) {
	t, err := day("date", in.Date)
	if err != nil {
		return AddOutput{}, err
	}
	if err := field.Between("amount", in.Amount, -4_000_000, 4_000_000); err != nil {
		return AddOutput{}, err
	}
	switch in.Unit {
	case "days":
		t = t.AddDate(0, 0, in.Amount)
	case "weeks":
		t = t.AddDate(0, 0, 7*in.Amount)
	case "months":
		t, err = addMonths(t, in.Amount, in.EndOfMonth)
	case "years":
		t, err = addMonths(t, 12*in.Amount, in.EndOfMonth)
	case "business_days":
		t, err = in.addOpen(t)
	default:
		err = field.OneOf("unit", in.Unit, "days", "weeks", "months", "years", "business_days")
	}
	if err == nil {
		err = inRange("amount", t)
	}
	if err != nil {
		return AddOutput{}, err
	}
	return AddOutput{t.Format(layout), lower(t.Weekday())}, nil
}

func addMonths(t time.Time, months int, rule string) (time.Time, error) {
	if err := field.OneOf("end_of_month", rule, "clamp", "overflow", "refuse"); err != nil {
		return t, err
	}
	sum := t.AddDate(0, months, 0)
	if sum.Day() == t.Day() || rule == "overflow" {
		return sum, nil
	}
	if rule == "refuse" {
		return t, field.Errorf("end_of_month", "the month reached has no day %d", t.Day())
	}
	return clamped(t, months), nil
}

// clamped adds months, to the last day of the month where it has no such day.
func clamped(t time.Time, months int) time.Time {
	sum := t.AddDate(0, months, 0)
	if sum.Day() != t.Day() {
		return sum.AddDate(0, 0, -sum.Day())
	}
	return sum
}

func (in AddInput) addOpen(t time.Time) (time.Time, error) {
	c, err := in.calendar()
	if err != nil {
		return t, err
	}
	step, left := 1, in.Amount
	if left < 0 {
		step, left = -1, -left
	}
	for left > 0 {
		t = t.AddDate(0, 0, step)
		if err := inRange("amount", t); err != nil {
			return t, err
		}
		if c.open(t) {
			left--
		}
	}
	return t, nil
}
