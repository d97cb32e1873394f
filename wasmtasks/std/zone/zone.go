// Package zone converts between civil time in a time zone and instants. The
// rules of zones come with the module, so that a result depends on the module
// and not on the machine; new rules are a new module. What to do with times that
// exist twice or not at all is an input.
package zone

import (
	"context"
	"strings"
	"time"
	_ "time/tzdata" // 0.4 MB, of which an instance copies only the pages it reads

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Input is a civil time in one zone and the zone it is wanted in.
type Input struct {
	Time      string `json:"time" jsonschema_description:"such as 2026-03-29T02:30:00; ending in Z or an offset it is an instant and from must be absent"`
	From      string `json:"from,omitempty" jsonschema_description:"IANA name such as Europe/Berlin, or UTC"`
	To        string `json:"to"`
	Ambiguous string `json:"ambiguous,omitempty" jsonschema:"enum=earlier,enum=later,enum=refuse" jsonschema_description:"required with from: which instant is meant by a time that clocks show twice"`
	Gap       string `json:"gap,omitempty" jsonschema:"enum=forward,enum=backward,enum=refuse" jsonschema_description:"required with from: a time that clocks skip is read with the offset before the change (forward) or after it (backward)"`
}

// Output is the instant and how clocks show it.
type Output struct {
	Instant      string `json:"instant" jsonschema_description:"in UTC"`
	Time         string `json:"time" jsonschema_description:"in the zone asked for, with offset"`
	Offset       string `json:"offset"`
	Abbreviation string `json:"abbreviation"`
	DaylightTime bool   `json:"daylight_time"`
}

const civilLayout = "2006-01-02T15:04:05"

// Convert converts a civil time to another zone.
func Convert(_ context.Context, in Input) (Output, error) {
	to, err := load("to", in.To)
	if err != nil {
		return Output{}, err
	}
	t, err := in.instant()
	if err != nil {
		return Output{}, err
	}
	t = t.In(to)
	if y := t.Year(); y < 1 || y > 9999 || t.UTC().Year() < 1 || t.UTC().Year() > 9999 {
		return Output{}, field.Errorf("time", "leads outside the years 1 to 9999")
	}
	abbreviation, _ := t.Zone()
	return Output{
		Instant: t.UTC().Format(time.RFC3339Nano), Time: t.Format("2006-01-02T15:04:05.999999999-07:00"), Offset: t.Format("-07:00"),
		Abbreviation: abbreviation, DaylightTime: t.IsDST(),
	}, nil
}

func (in Input) instant() (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, in.Time); err == nil {
		if in.From != "" {
			return t, field.Errorf("from", "must be absent: %s has an offset", in.Time)
		}
		return t, nil
	}
	civil, err := time.Parse(civilLayout, in.Time)
	if err != nil {
		return civil, field.Errorf("time", "%.40q is not a time such as 2026-03-29T02:30:00, with an offset or without", in.Time)
	}
	from, err := load("from", in.From)
	if err != nil {
		return civil, err
	}
	if err := field.OneOf("ambiguous", in.Ambiguous, "earlier", "later", "refuse"); err != nil {
		return civil, err
	}
	if err := field.OneOf("gap", in.Gap, "forward", "backward", "refuse"); err != nil {
		return civil, err
	}
	return in.resolve(civil, from)
}

// resolve finds the instant at which clocks of a zone show a civil time. Only
// the offsets in force a day before and after come into question: no zone
// changes its clocks twice in two days.
func (in Input) resolve(civil time.Time, zone *time.Location) (time.Time, error) {
	before, after := shown(civil, zone, -24*time.Hour), shown(civil, zone, 24*time.Hour)
	fits := func(t time.Time) bool { return wall(t.In(zone)).Equal(civil) }
	switch a, b := fits(before), fits(after); {
	case a && b && !before.Equal(after):
		switch in.Ambiguous {
		case "earlier":
			return before, nil
		case "later":
			return after, nil
		}
		return civil, field.Errorf("time", "clocks in %s show %s twice", in.From, in.Time)
	case a:
		return before, nil
	case b:
		return after, nil
	}
	switch in.Gap {
	case "forward":
		return before, nil
	case "backward":
		return after, nil
	}
	return civil, field.Errorf("time", "clocks in %s skip %s", in.From, in.Time)
}

// shown reads a civil time with the offset that is in force some time away.
func shown(civil time.Time, zone *time.Location, away time.Duration) time.Time {
	_, offset := civil.Add(away).In(zone).Zone()
	return civil.Add(-time.Duration(offset) * time.Second)
}

// wall returns what a clock shows, as if it were in UTC.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func load(name, zone string) (*time.Location, error) {
	if zone == "" || zone == "Local" || strings.HasPrefix(zone, "posix") || strings.HasPrefix(zone, "right") {
		return nil, field.Errorf(name, "%.60q is not a time zone such as Europe/Berlin", zone)
	}
	l, err := time.LoadLocation(zone)
	if err != nil {
		return nil, field.Errorf(name, "%.60q is not a time zone such as Europe/Berlin", zone)
	}
	return l, nil
}
