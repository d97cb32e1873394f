package date

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// CronInput is a schedule and the moment to go on from. Both are local civil
// time; date/zone turns it into an instant.
type CronInput struct {
	Expression string `json:"expression" jsonschema_description:"five fields: minute, hour, day of month, month, day of week (0 and 7 are Sunday); * a-b */n a-b/n and lists; English names of three letters"`
	After      string `json:"after" jsonschema_description:"such as 2026-03-01T08:30"`
	Count      int    `json:"count" jsonschema:"minimum=1,maximum=100"`
}

// CronOutput is the next times, in order.
type CronOutput struct {
	Next []string `json:"next"`
}

const (
	minuteLayout = "2006-01-02T15:04"
	// cronYears is how far ahead is looked: 29 February on a given day of the week
	// comes every 40 years at worst, around a century without a leap year.
	cronYears = 41
)

// Cron finds the next times of a schedule after a given one. As in POSIX
// crontab, a day matches by either of its two fields if both are restricted.
func Cron(_ context.Context, in CronInput) (CronOutput, error) {
	schedule, err := parseCron(in.Expression)
	if err != nil {
		return CronOutput{}, field.Errorf("expression", "%v", err)
	}
	after, err := time.Parse(minuteLayout, in.After)
	if err != nil || after.Year() < 1 {
		return CronOutput{}, field.Errorf("after", "%.40q is not a local time such as 2026-03-01T08:30", in.After)
	}
	if err := field.Between("count", in.Count, 1, 100); err != nil {
		return CronOutput{}, err
	}
	var out CronOutput
	for range in.Count {
		next, ok := schedule.next(after)
		if !ok {
			return CronOutput{}, field.Errorf("expression", "no time within %d years after %s", cronYears, after.Format(minuteLayout))
		}
		out.Next = append(out.Next, next.Format(minuteLayout))
		after = next
	}
	return out, nil
}

// cron is a schedule: one bit for every value of a field that matches.
type cron struct {
	minute, hour, day, month, weekday uint64
	eitherDay                         bool
}

func parseCron(text string) (c cron, err error) {
	parts := strings.Fields(text)
	if len(parts) != 5 || len(text) > 1000 {
		return c, fmt.Errorf("has %d fields, not the five of minute, hour, day of month, month and day of week", len(parts))
	}
	for i, f := range []struct {
		bits      *uint64
		name      string
		low, high int
		names     string
	}{
		{&c.minute, "minute", 0, 59, ""}, {&c.hour, "hour", 0, 23, ""}, {&c.day, "day of month", 1, 31, ""},
		{&c.month, "month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"}, {&c.weekday, "day of week", 0, 7, "sunmontuewedthufrisat"},
	} {
		for _, item := range strings.Split(parts[i], ",") {
			set, err := cronRange(strings.ToLower(item), f.low, f.high, f.names)
			if err != nil {
				return c, fmt.Errorf("%s: %w", f.name, err)
			}
			*f.bits |= set
		}
	}
	c.weekday |= c.weekday >> 7 & 1 // 7 is Sunday
	c.eitherDay = !strings.HasPrefix(parts[2], "*") && !strings.HasPrefix(parts[4], "*")
	return c, nil
}

var errCronItem = errors.New("is not *, a number, a range or one of these with /step")

// cronRange reads one item of a list.
func cronRange(item string, low, high int, names string) (set uint64, err error) {
	span, stepText, stepped := strings.Cut(item, "/")
	step := 1
	if stepped {
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > high {
			return 0, fmt.Errorf("step %.20q is not 1–%d", stepText, high)
		}
	}
	from, to := low, high
	if span != "*" {
		first, last, ranged := strings.Cut(span, "-")
		if from, err = cronValue(first, low, high, names); err != nil {
			return 0, err
		}
		switch {
		case ranged:
			if to, err = cronValue(last, low, high, names); err != nil {
				return 0, err
			}
		case stepped:
			return 0, fmt.Errorf("%.20q %w", item, errCronItem)
		default:
			to = from
		}
	}
	if from > to {
		return 0, fmt.Errorf("range %.20q runs backwards", span)
	}
	for v := from; v <= to; v += step {
		set |= 1 << v
	}
	return set, nil
}

func cronValue(text string, low, high int, names string) (int, error) {
	if i := strings.Index(names, text); len(text) == 3 && i >= 0 && i%3 == 0 {
		return i/3 + low, nil
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < low || v > high || text[0] == '+' {
		return 0, fmt.Errorf("%.20q %w of %d–%d", text, errCronItem, low, high)
	}
	return v, nil
}

// next returns the first time after t, found day by day.
func (c cron) next(t time.Time) (time.Time, bool) {
	t = t.Add(time.Minute)
	minute := t.Hour()*60 + t.Minute()
	d := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	for end := d.AddDate(cronYears, 0, 0); d.Before(end) && d.Year() <= 9999; d = d.AddDate(0, 0, 1) {
		if c.matches(d) {
			for m := minute; m < 24*60; m++ {
				if c.hour>>(m/60)&1 == 0 {
					m += 59 - m%60
				} else if c.minute>>(m%60)&1 == 1 {
					return d.Add(time.Duration(m) * time.Minute), true
				}
			}
		}
		minute = 0
	}
	return time.Time{}, false
}

func (c cron) matches(d time.Time) bool {
	if c.month>>d.Month()&1 == 0 {
		return false
	}
	hits := bits.OnesCount64(c.day>>d.Day()&1 | c.weekday>>d.Weekday()&1<<1)
	return hits == 2 || hits == 1 && c.eitherDay
}
