// Package date calculates with civil dates: days of the proleptic Gregorian
// calendar, without a time of day, from year 1 to 9999. What "now" is, which days
// are free and what happens at the end of a month are inputs. The package
// promises not to read a clock, and package zone, not this one, knows of zones.
package date

import (
	"fmt"
	"strings"
	"time"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

const layout = "2006-01-02"

// day reads a date of the form 2026-03-01.
func day(name, text string) (time.Time, error) {
	t, err := time.Parse(layout, text)
	if err != nil || t.Year() < 1 {
		return time.Time{}, field.Errorf(name, "%.40q is not a date such as 2026-03-01", text)
	}
	return t, nil
}

// inRange checks a result.
func inRange(name string, t time.Time) error {
	if t.Year() < 1 || t.Year() > 9999 {
		return field.Errorf(name, "leads outside the years 1 to 9999")
	}
	return nil
}

// FreeDays tells which days are not business days; inputs embed it.
type FreeDays struct {
	Weekend  []string `json:"weekend,omitempty" jsonschema:"maxItems=6,enum=monday,enum=tuesday,enum=wednesday,enum=thursday,enum=friday,enum=saturday,enum=sunday" jsonschema_description:"free days of every week; required for business days, [] for none"`
	Holidays []string `json:"holidays,omitempty" jsonschema:"maxItems=10000" jsonschema_description:"further free days, as 2026-12-25"`
}

// calendar is FreeDays, read.
type calendar struct {
	weekend  [7]bool
	holidays map[time.Time]bool
}

func (f FreeDays) calendar() (calendar, error) {
	c := calendar{holidays: make(map[time.Time]bool, len(f.Holidays))}
	if f.Weekend == nil {
		return c, field.Errorf("weekend", "is required for business days, such as [\"saturday\",\"sunday\"]")
	}
	if err := field.AtMost("holidays", len(f.Holidays), 10_000, "dates"); err != nil {
		return c, err
	}
	for i, name := range f.Weekend {
		d, ok := weekday(name)
		if !ok {
			return c, field.Errorf(field.Index("weekend", i), "%.40q is not a day of the week such as \"sunday\"", name)
		}
		c.weekend[d] = true
	}
	if c.weekend == [7]bool{true, true, true, true, true, true, true} {
		return c, field.Errorf("weekend", "leaves no business day")
	}
	for i, text := range f.Holidays {
		d, err := day(field.Index("holidays", i), text)
		if err != nil {
			return c, err
		}
		c.holidays[d] = true
	}
	return c, nil
}

func (c calendar) open(t time.Time) bool { return !c.weekend[t.Weekday()] && !c.holidays[t] }

func weekday(name string) (time.Weekday, bool) {
	for d := range time.Weekday(7) {
		if name == lower(d) {
			return d, true
		}
	}
	return 0, false
}

func lower(d fmt.Stringer) string { return strings.ToLower(d.String()) }

func daysBetween(from, to time.Time) int { return int(to.Sub(from) / (24 * time.Hour)) }
