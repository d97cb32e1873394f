package volunteer

import (
	"fmt"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Schedule is the hours of a week. It is of no time zone: 22:00 is when a clock
// on the wall shows it, also on the days on which clocks change.
type Schedule []Window

// Window is the same hours on some days of the week.
type Window struct {
	// First and Last are the days on which it begins, both included; Last may be
	// before First, over the end of the week.
	First, Last time.Weekday
	// From and To are minutes after midnight, 0 to 1440. A To that is not after From
	// is on the next day.
	From, To int
}

const (
	// maxWindows bounds a schedule.
	maxWindows = 32
	minutes    = 24 * 60
)

var dayNames = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseSchedule reads windows such as "22:00-07:00", "sat 10:00-18:00" and
// "mon-fri 18:30-08:00". Without days a window is of every day. The error is
// VALIDATION_ERROR naming the window.
func ParseSchedule(list []string) (Schedule, error) {
	if len(list) > maxWindows {
		return nil, contracts.Errorf(contracts.CodeValidation, "hours", "has %d windows, at most %d", len(list), maxWindows)
	}
	s := make(Schedule, len(list))
	for i, text := range list {
		var err error
		if s[i], err = parseWindow(text); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func parseWindow(text string) (Window, error) {
	w := Window{First: time.Sunday, Last: time.Saturday}
	days, hours, both := strings.Cut(strings.ToLower(strings.TrimSpace(text)), " ")
	if !both {
		days, hours = "", days
	}
	from, to, ok := strings.Cut(strings.TrimSpace(hours), "-")
	ok = ok && readTime(from, &w.From) && readTime(to, &w.To) && w.From < minutes && w.From != w.To
	if days != "" {
		first, last, many := strings.Cut(days, "-")
		if !many {
			last = first
		}
		ok = ok && readDay(first, &w.First) && readDay(last, &w.Last)
	}
	if !ok {
		return w, contracts.Errorf(contracts.CodeValidation, "hours",
			"%.40q is not like 22:00-07:00, sat 10:00-18:00 or mon-fri 18:30-08:00", text)
	}
	return w, nil
}

func readDay(text string, d *time.Weekday) bool {
	for i, name := range dayNames {
		if text == name {
			*d = time.Weekday(i)
			return true
		}
	}
	return false
}

// readTime reads hh:mm, up to 24:00.
func readTime(text string, at *int) bool {
	if len(text) != 5 || text[2] != ':' {
		return false
	}
	digits := [4]byte{text[0], text[1], text[3], text[4]}
	for i, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
		digits[i] = c - '0'
	}
	h, m := int(digits[0])*10+int(digits[1]), int(digits[2])*10+int(digits[3])
	*at = h*60 + m
	return m < 60 && *at <= minutes
}

// String writes a schedule as ParseSchedule reads it.
func (s Schedule) String() string {
	list := make([]string, len(s))
	for i, w := range s {
		list[i] = w.String()
	}
	return strings.Join(list, ", ")
}

func (w Window) String() string {
	hours := fmt.Sprintf("%02d:%02d-%02d:%02d", w.From/60, w.From%60, w.To/60, w.To%60)
	switch {
	case w.First == time.Sunday && w.Last == time.Saturday:
		return hours
	case w.First == w.Last:
		return dayNames[w.First] + " " + hours
	}
	return dayNames[w.First] + "-" + dayNames[w.Last] + " " + hours
}

// Allows reports whether now is in the schedule. An empty one allows always.
func (s Schedule) Allows(now time.Time) bool {
	at := now.Hour()*60 + now.Minute()
	for _, w := range s {
		today, yesterday := w.begins(now.Weekday()), w.begins((now.Weekday()+6)%7)
		overnight := w.To <= w.From
		if today && at >= w.From && (at < w.To || overnight) || yesterday && overnight && at < w.To {
			return true
		}
	}
	return len(s) == 0
}

// begins reports whether the window begins on a day.
func (w Window) begins(d time.Weekday) bool {
	if w.First <= w.Last {
		return d >= w.First && d <= w.Last
	}
	return d >= w.First || d <= w.Last
}

// Next returns the first minute after now that is allowed, zero if there is none
// within nine days. It looks at every minute, a millisecond's work for a week:
// reckoning with beginnings is wrong in the nights on which clocks change.
func (s Schedule) Next(now time.Time) time.Time {
	at := now.Truncate(time.Minute)
	for range 9 * minutes {
		if at = at.Add(time.Minute); s.Allows(at) {
			return at
		}
	}
	return time.Time{}
}
