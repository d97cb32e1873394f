package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// dateRules read questions about civil dates.
var dateRules = []rule{
	newRule("date.diff", daysBetween,
		"how many days (are there|are|is it|is|) (from|between) {a:date} (to|and|until|till) {b:date}", "<what> [the] (number of days|days|difference in days|day count) (from|between) {a:date} (to|and|until|till) {b:date}",
		"how long [is it] (from|between) {a:date} (to|and|until|till) {b:date}", "(count|calculate) the days (from|between) {a:date} (to|and|until) {b:date}", "how many days (separate|lie between|pass between|elapse between) {a:date} and {b:date}", "how far apart are {a:date} and {b:date}", "days (between|from) {a:date} (and|to) {b:date}"),
	newRule("date.until", daysUntil,
		"how many [more] days [are there|are left|left|is it|until it is] (until|till|til|to|before) {b:date}", "how many days (away is|away from today is) {b:date}", "how (long|far) (is it|away is it|) (until|till) {b:date}", "[the] days (until|till) {b:date}"),
	newRule("date.add", dateAfter,
		"[what is|what's|whats|what date is|which date is|find|what will be|what day is|when is|what date will it be|what date comes|which date comes|give] [the] [date] [that is] {n:integer} {u:span} (after|from|past|later than) {a:date}", "[what is|what's] {a:date} (plus|+) {n:integer} {u:span}", "add {n:integer} {u:span} to {a:date}", "what (date|day) (is|will it be|comes) {n:integer} {u:span} (after|from) {a:date}"),
	newRule("date.before", dateBefore,
		"[what is|what's|whats|what date is|which date is|find|what was|what day is|when is|what date was|what date comes|which date comes|give] [the] [date] [that is] {n:integer} {u:span} (before|prior to|earlier than) {a:date}", "[what is|what's] {a:date} (minus|-) {n:integer} {u:span}", "subtract {n:integer} {u:span} from {a:date}", "what (date|day) (is|was|comes) {n:integer} {u:span} before {a:date}"),
	newRule("date.weekday", weekdayOf,
		"(what|which) (day of the week|weekday|day) (is|was|will be|does|did|will) {a:date} [fall on|be|land on|on|fall]", "[what|which] weekday (is|was) {a:date}", "on (what|which) (day of the week|weekday|day) (is|was|does|did|will) {a:date} [fall|be]", "<what> [the] (day of the week|weekday) (of|for|on) {a:date}", "{a:date} (is|was|falls on|fell on) (what|which) (day|weekday|day of the week)", "what (day|weekday) of the week (is|was) {a:date}"),
}

func daysBetween(c *context, v values) ([]step, bool) {
	a, b, ok := span(c, v)
	if !ok {
		return nil, false
	}
	return one(daysApart(a, b))
}

// span are the dates of a span, the earlier first. From a later one to an earlier one
// is no span; what lies between them is.
func span(c *context, v values) (a, b string, ok bool) {
	a, b = get[string](v, "a"), get[string](v, "b")
	if a <= b {
		return a, b, true
	}
	return b, a, !strings.Contains(fold(c.req.Message), "from")
}

func daysUntil(c *context, v values) ([]step, bool) {
	if c.today() == "" || get[string](v, "b") < c.today() {
		return nil, false // the day is over
	}
	return one(daysApart(c.today(), get[string](v, "b")))
}

func daysApart(a, b string) step {
	return step{
		task: "date/diff@1", answer: "{{out.days}} days", reading: "days from " + a + " to " + b,
		input: map[string]any{"from": a, "to": b, "include_end": false},
	}
}

func dateAfter(_ *context, v values) ([]step, bool)  { return shifted(v, 1) }
func dateBefore(_ *context, v values) ([]step, bool) { return shifted(v, -1) }

func shifted(v values, sign int) ([]step, bool) {
	n, err := strconv.Atoi(string(get[numeral](v, "n")))
	if err != nil || n < 0 || n > 1_000_000 {
		return nil, false
	}
	unit, from := get[string](v, "u"), get[string](v, "a")
	if unit == "fortnights" {
		n, unit = 2*n, "weeks"
	}
	in := map[string]any{"date": from, "amount": sign * n, "unit": unit}
	switch unit {
	case "months", "years":
		in["end_of_month"] = "clamp"
	case "business_days":
		in["weekend"] = []string{"saturday", "sunday"}
	}
	return one(step{
		task: "date/add@1", answer: "{{out.date}}", input: in,
		reading: fmt.Sprintf("%d %s from %s", sign*n, unit, from),
	})
}

func weekdayOf(_ *context, v values) ([]step, bool) {
	d := get[string](v, "a")
	return []step{
		{task: "date/weekday@1", input: map[string]any{"date": d}, reading: "weekday of " + d},
		{
			task: "text/case@1", input: map[string]any{"to": "title", "language": "any"}, from: []feed{{0, "/weekday", "/text"}},
			answer: "{{out.text}}", reading: "weekday of " + d,
		},
	}, true
}

// spans are the units of time that dates are moved by.
var spans = map[string]string{
	"day": "days", "days": "days", "day's": "days", "fortnight": "fortnights", "fortnights": "fortnights", "week": "weeks", "weeks": "weeks", "month": "months", "months": "months", "year": "years", "years": "years",
}

func readSpan(m *matcher, from int, yield func(int, any) bool) bool {
	if from >= len(m.tokens) {
		return true
	}
	if from+1 < len(m.tokens) && (m.tokens[from].text == "business" || m.tokens[from].text == "working" || m.tokens[from].text == "work") && (m.tokens[from+1].text == "days" || m.tokens[from+1].text == "day") {
		return yield(from+2, "business_days")
	}
	if s, ok := spans[m.tokens[from].text]; ok {
		return yield(from+1, s)
	}
	return true
}

var months = map[string]time.Month{
	"january": 1, "jan": 1, "february": 2, "feb": 2, "march": 3, "mar": 3, "april": 4, "apr": 4, "may": 5, "june": 6, "jun": 6,
	"july": 7, "jul": 7, "august": 8, "aug": 8, "september": 9, "sep": 9, "sept": 9, "october": 10, "oct": 10, "november": 11,
	"nov": 11, "december": 12, "dec": 12,
}

// readDate reads a civil date as 2026-11-17: with a month's name, in ISO form, or
// today, tomorrow and yesterday. A date without a year is read as none: which one
// is meant is a guess. Slashes are read where the locale says what they mean.
func readDate(m *matcher, from int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && m.tokens[from].text == "on" {
		from++
	}
	for _, f := range []func(*matcher, int) (string, int){isoDate, namedDate, relativeDate, slashedDate, holiday} {
		if d, end := f(m, from); end > from && !yield(end, d) {
			return false
		}
	}
	return true
}

func isoDate(m *matcher, at int) (string, int) {
	if at+5 > len(m.tokens) || m.tokens[at+1].text != "-" || m.tokens[at+3].text != "-" || len(m.tokens[at].text) != 4 {
		return "", at
	}
	return civil(m.tokens[at].text, m.tokens[at+2].text, m.tokens[at+4].text, at, at+5)
}

// civil returns a date that is in the calendar.
func civil(y, mo, d string, at, end int) (string, int) {
	year, err1 := strconv.Atoi(y)
	month, err2 := strconv.Atoi(mo)
	day, err3 := strconv.Atoi(d)
	if err1 != nil || err2 != nil || err3 != nil || year < 1 || year > 9999 {
		return "", at
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if t.Year() != year || int(t.Month()) != month || t.Day() != day {
		return "", at
	}
	return t.Format(time.DateOnly), end
}

// namedDate reads "3 March 2026", "3rd of March 2026" and "March 3, 2026".
func namedDate(m *matcher, at int) (string, int) {
	p := at
	if p < len(m.tokens) && m.tokens[p].text == "the" {
		p++
	}
	day, month, year, end := "", time.Month(0), "", p
	if d, e, ok := dayOfMonth(m.tokens, p); ok {
		day, end = d, e
		if end < len(m.tokens) && m.tokens[end].text == "of" {
			end++
		}
		if end < len(m.tokens) {
			month = months[m.tokens[end].text]
		}
		end++
	} else if p < len(m.tokens) && months[m.tokens[p].text] != 0 {
		month = months[m.tokens[p].text]
		if day, end, ok = dayOfMonth(m.tokens, p+1); !ok {
			return "", at
		}
	}
	if end < len(m.tokens) && m.tokens[end].text == "," {
		end++
	}
	if month == 0 || end >= len(m.tokens) || m.tokens[end].kind != number || len(m.tokens[end].text) != 4 {
		return "", at
	}
	year = m.tokens[end].text
	return civil(year, strconv.Itoa(int(month)), day, at, end+1)
}

// dayOfMonth reads 3, 3rd or 3 rd.
func dayOfMonth(tokens []token, at int) (day string, end int, ok bool) {
	if at >= len(tokens) || tokens[at].kind != number || len(tokens[at].text) > 2 {
		return "", at, false
	}
	end = at + 1
	if end < len(tokens) && !tokens[end].spaced && strings.Contains("st nd rd th", tokens[end].text) && len(tokens[end].text) == 2 {
		end++
	}
	return tokens[at].text, end, true
}

// holidays are days of fixed date.
var holidays = map[string]string{
	"christmas": "12-25", "christmas day": "12-25", "christmas eve": "12-24", "new year's day": "01-01", "new years day": "01-01", "new year's eve": "12-31", "new years eve": "12-31",
	"halloween": "10-31", "valentine's day": "02-14", "valentines day": "02-14", "independence day": "07-04",
}

// holiday reads a day of fixed date in a year that is said.
func holiday(m *matcher, at int) (string, int) {
	for end := min(at+3, len(m.tokens)-1); end > at; end-- {
		var words []string
		for _, t := range m.tokens[at:end] {
			words = append(words, t.text)
		}
		d := holidays[strings.Join(words, " ")]
		if d == "" {
			continue
		}
		if m.tokens[end].text == "," || m.tokens[end].text == "of" {
			end++
		}
		if end < len(m.tokens) && m.tokens[end].kind == number && len(m.tokens[end].text) == 4 {
			return m.tokens[end].text + "-" + d, end + 1
		}
	}
	return "", at
}

func relativeDate(m *matcher, at int) (string, int) {
	if at >= len(m.tokens) || m.c.now.IsZero() {
		return "", at
	}
	offset, ok := map[string]int{"today": 0, "tomorrow": 1, "yesterday": -1}[m.tokens[at].text]
	if !ok {
		return "", at
	}
	return m.c.now.AddDate(0, 0, offset).Format(time.DateOnly), at + 1
}

// slashedDate reads 3/4/2026 by the locale's order.
func slashedDate(m *matcher, at int) (string, int) {
	if at+5 > len(m.tokens) || m.tokens[at+1].text != "/" || m.tokens[at+3].text != "/" || len(m.tokens[at+4].text) != 4 {
		return "", at
	}
	first, second, year := m.tokens[at].text, m.tokens[at+2].text, m.tokens[at+4].text
	switch m.c.req.Locale {
	case "en-US":
		return civil(year, first, second, at, at+5)
	case "en-GB", "en-AU", "en-IE", "en-NZ", "en-IN":
		return civil(year, second, first, at, at+5)
	}
	return "", at
}
