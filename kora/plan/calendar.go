package plan

import (
	"strconv"
	"time"
)

// calendarRules read questions about the calendar that dateRules do not.
var calendarRules = []rule{
	newRule("date.leap", leapYear, "(is|was|will) [the year] {y:integer} [be] [a] leap year"),
	newRule("date.of_year", dayOfYear, "(what|which) day of the year (is|was) {a:date}", "<what> [the] day [number] of the year (of|for) {a:date}"),
	newRule("date.iso_week", isoWeek, "(what|which) (week|iso week|week number|calendar week) (is|was) {a:date} [in]", "<what> [the] (iso week|week number|iso week number|calendar week) (of|for) {a:date}"),
	newRule("date.business_days", businessDays, "how many (business days|working days|workdays|weekdays) (are there|are|is it|) (from|between) {a:date} (to|and|until|till) {b:date}", "<what> [the] number of (business days|working days|workdays) (from|between) {a:date} (to|and) {b:date}"),
	newRule("date.weeks", weeksBetween, "how many weeks (are there|are|is it|) (from|between) {a:date} (to|and|until) {b:date}"),
	newRule("date.since", daysSince, "how many days (has it been|have passed|is it|since|passed) [since] {a:date}", "how many days ago (was|is) {a:date}"),
	newRule("date.days_in_month", daysInMonth, "how many days (are there|are|does) [in] {m:month} {y:year} [have]", "how many days (has|are in|in) {m:month} {y:year}", "how many days does {m:month} {y:year} have"),
	newRule("date.year_now", yearNow, "what year is it [now|today|currently]", "<what> [the] current year"),
	newRule("date.month_now", monthNow, "what month is it [now|today|currently]", "what month are we in", "<what> [the] current month"),
	newRule("date.weekday_rel", weekdayRelative, "what (day|weekday|day of the week) (is|is it|will it be|was|was it) {r:relday}", "what will be the (day|weekday) {r:relday}"),
	newRule("date.age", ageAt, "how old is (someone|somebody|a person) born [on] {a:date}"),
	newRule("cron.next", cronNext, "when (will|does) [the cron|the cron job|cron|the schedule] {t:text} [next] (run|fire|run next|fire next)", "<what> [the] next run of [the cron|cron] {t:text}"),
}

func weekdayInfo(d, answer, what string) ([]step, bool) {
	return one(step{task: "date/weekday@1", input: map[string]any{"date": d}, reading: what + " of " + d, answer: answer})
}

func dayOfYear(_ *context, v values) ([]step, bool) {
	return weekdayInfo(get[string](v, "a"), "{{out.day_of_year}}", "day of the year")
}

func isoWeek(_ *context, v values) ([]step, bool) {
	return weekdayInfo(get[string](v, "a"), "{{out.iso_week}}", "ISO week")
}

func leapYear(_ *context, v values) ([]step, bool) {
	y, err := strconv.Atoi(num(v, "y"))
	if err != nil || y < 1583 || y > 9999 {
		return nil, false
	}
	return weekdayInfo(strconv.Itoa(y)+"-01-01", "{{#out.leap_year}}yes{{/out.leap_year}}{{^out.leap_year}}no{{/out.leap_year}}", "leap year")
}

func businessDays(c *context, v values) ([]step, bool) {
	a, b, ok := span(c, v)
	if !ok {
		return nil, false
	}
	s := daysApart(a, b)
	s.input["weekend"], s.answer, s.reading = []string{"saturday", "sunday"}, "{{out.business_days}} business days", "business "+s.reading
	return one(s)
}

func weeksBetween(c *context, v values) ([]step, bool) {
	a, b, ok := span(c, v)
	if !ok {
		return nil, false
	}
	s := daysApart(a, b)
	return []step{s, query(`(.out.days / 7 | trunc) as $w | (.out.days - 7 * $w) as $d | "\($w) weeks" + (if $d == 0 then "" else " and \($d) days" end)`, "", "weeks, "+s.reading)}, true
}

func daysSince(c *context, v values) ([]step, bool) {
	if c.today() == "" || get[string](v, "a") > c.today() {
		return nil, false // the day is yet to come
	}
	return one(daysApart(get[string](v, "a"), c.today()))
}

func daysInMonth(_ *context, v values) ([]step, bool) {
	y, m := get[int](v, "y"), get[time.Month](v, "m")
	if y < 1583 || y > 9999 {
		return nil, false
	}
	first := time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
	return one(daysApart(first.Format(time.DateOnly), first.AddDate(0, 1, 0).Format(time.DateOnly)))
}

func yearNow(c *context, _ values) ([]step, bool)  { return ofToday(c, ".out.date[0:4]") }
func monthNow(c *context, _ values) ([]step, bool) { return ofToday(c, monthName) }

const monthName = `["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"][(.out.date[5:7] | tonumber) - 1]`

func ofToday(c *context, program string) ([]step, bool) {
	if c.today() == "" {
		return nil, false
	}
	return []step{
		{task: "date/add@1", reading: "today", input: map[string]any{"date": c.today(), "amount": 0, "unit": "days"}},
		query(program, "", "of today, "+c.today()),
	}, true
}

// readRelative reads today, tomorrow and yesterday as a number of days.
func readRelative(m *matcher, from int, yield func(int, any) bool) bool {
	for _, r := range []struct {
		words []string
		days  int
	}{
		{[]string{"the", "day", "after", "tomorrow"}, 2}, {[]string{"day", "after", "tomorrow"}, 2}, {[]string{"the", "day", "before", "yesterday"}, -2},
		{[]string{"tomorrow"}, 1}, {[]string{"yesterday"}, -1}, {[]string{"today"}, 0},
	} {
		if end, ok := phraseAt(m.tokens, from, r.words); ok && !yield(end, r.days) {
			return false
		}
	}
	return true
}

func weekdayRelative(c *context, v values) ([]step, bool) {
	if c.today() == "" {
		return nil, false
	}
	return weekdayOf(c, values{"a": c.now.AddDate(0, 0, get[int](v, "r")).Format(time.DateOnly)})
}

func ageAt(c *context, v values) ([]step, bool) {
	if c.today() == "" || get[string](v, "a") > c.today() {
		return nil, false
	}
	s := daysApart(get[string](v, "a"), c.today())
	s.answer, s.reading = "{{out.calendar.years}} years", "years from "+get[string](v, "a")+" to "+c.today()
	return one(s)
}

func cronNext(c *context, v values) ([]step, bool) {
	if c.now.IsZero() {
		return nil, false
	}
	return one(step{
		task: "cron/next@1", reading: "next time of " + textOf(v), answer: "{{#out.next}}{{.}}{{/out.next}}",
		input: map[string]any{"expression": textOf(v), "after": c.now.Format("2006-01-02T15:04"), "count": 1},
	})
}

func readMonth(m *matcher, from int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && months[m.tokens[from].text] != 0 {
		return yield(from+1, months[m.tokens[from].text])
	}
	return true
}

func readYear(m *matcher, from int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && m.tokens[from].text == "of" {
		from++
	}
	if from < len(m.tokens) && m.tokens[from].kind == number && len(m.tokens[from].text) == 4 {
		y, err := strconv.Atoi(m.tokens[from].text)
		return err != nil || yield(from+1, y)
	}
	return true
}
