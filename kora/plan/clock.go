package plan

import (
	"strconv"
	"strings"
)

// clockRules read questions about now. The clock is the request's, and part of
// the graph: the same request is answered the same for ever.
var clockRules = []rule{
	newRule("clock.date", dateNow,
		"<what> [the] [current|full|exact] [today's] date [is it] [today|is it today|right now|now|for today] [is]", "what [is] [the] date [is] [it] [today|now|right now]", "what (date|day and date) (is it|it is) [today|now|right now|please]", "what date today is", "today's date [is] [what] [exactly|please]",
		"what today's date is", "today is what date", "<what> [the] [full] date of today", "(give|share|remind of|show|get|have) [the] [full] date [today|for today|of today]", "of the date", "[information on] today's date", "the date is", "what the date is [today]", "do you have the date [today]", "<what> [today's|the] (month , day and year|date , month and year|month , day , and year|current date , month and year)"),
	newRule("clock.tomorrow", dateTomorrow,
		"[what is|what's|what will be|what would|what will|what's going to be|what] [the] (date tomorrow|tomorrow's date) [be|is|will be|going to be]", "what [is] the date (for|of|on) tomorrow [is]", "what date (is|is it|will it be|it is|will be) tomorrow", "what will the date be tomorrow", "what the date (is|will be) [for] tomorrow",
		"the date tomorrow is what", "tomorrow [,] what will the date be", "what date tomorrow is"),
	newRule("clock.yesterday", dateYesterday, "[what is|what's|what was] [the] (date yesterday|yesterday's date)", "what [was] the date (for|of|on) yesterday", "what date was [it] yesterday"),
	newRule("clock.weekday", weekdayNow,
		"(what|which) day [of the week] is it [today|now|right now]", "what [is] [the] day of the week [is it] [today]", "(what|which) day [of the week] (is today|today is|it is [today])", "what weekday is (it|today)", "what's the day of the week [today]", "what day of the week are we on", "what's the day today"),
	newRule("clock.in_days", dateIn,
		"what [will|would] [the] (date|day) [will it|will|is it|it] [be] in {n:integer} {u:span}", "what [is the|'s the] (date|day) in {n:integer} {u:span} [from now|from today]", "what will (be the date|the date be|the day be) [in] {n:integer} {u:span} [from now|from today]", "what will be the date in {n:integer} {u:span} [from now]",
		"[in] {n:integer} {u:span} [from now|from today] [,] what (date|day) (will it be|is it)", "[in] {n:integer} {u:span} [from now|from today] [,] what will (the date be|be the date)", "what [is the|'s the] date {n:integer} {u:span} from (now|today)", "(what|which) (date|day) (is|will be|will it be|it will be|is it|it is) {n:integer} {u:span} from (now|today)",
		"what's the date {n:integer} {u:span} from (now|today)", "(what|which) (date|day) (it will be|will it be|it is) in {n:integer} {u:span}", "the date (it will be|in) {n:integer} {u:span} [from now|from today]", "the date {n:integer} {u:span} from (now|today)", "the date it will be {n:integer} {u:span} from (now|today)"),
	newRule("clock.days_ago", dateAgo, "what [was the|was] (date|day) {n:integer} {u:span} ago", "what (date|day) was it {n:integer} {u:span} ago", "what was the date {n:integer} {u:span} ago", "the date {n:integer} {u:span} ago"),
	newRule("clock.time", timeNow,
		"[what is|what's|what] [the] [current|exact] time [is it] [right now|now|currently|exactly|at the moment] [is]", "what time (is it|it is) [right now|now|currently|exactly|at the moment]", "now what is the time", "at the moment what is the time", "what (hour and minute|time of day) is it", "(have you|do you have|have|give|got) the time [please]", "the (current|exact) time", "the time [right now|now]", "what's the time [please]", "what time do you have"),
	newRule("clock.time_in", timeIn,
		"what time [of day] (is it|it is|would it be|is it getting to be) [right now|now|currently|exactly] [over] [in|on|at] [the] {z:place} [right now|now|currently]", "what [hour] is it in {z:place}", "<what> [the] [current|exact] time [right now|now] (in|on|at|for) [the] {z:place} [right now|now|currently] [is]", "<what> [the] current {z:place}", "what time is it [right now|now] {z:place}", "<what> [the] [current|exact] time [right now|now] {z:place}",
		"in [the] {z:place} [,] what time is it [right now|now]", "in [the] {z:place} [,] (what's|what is) the [current] time", "[the] [current] time [right now|now] (in|on) [the] {z:place} [right now|now]", "how late is it [now|right now] in {z:place}", "look up the time in {z:place}", "(if it's|if it is) now [,] what time is it in {z:place}"),
}

func dateNow(c *context, _ values) ([]step, bool)      { return shiftToday(c, 0, "days") }
func dateTomorrow(c *context, _ values) ([]step, bool) { return shiftToday(c, 1, "days") }

func dateYesterday(c *context, _ values) ([]step, bool) { return shiftToday(c, -1, "days") }

func dateAgo(c *context, v values) ([]step, bool) {
	n, err := strconv.Atoi(string(get[numeral](v, "n")))
	if err != nil || n < 0 || n > 100_000 {
		return nil, false
	}
	return shiftToday(c, -n, get[string](v, "u"))
}

func dateIn(c *context, v values) ([]step, bool) {
	n, err := strconv.Atoi(string(get[numeral](v, "n")))
	if err != nil || n < 0 || n > 100_000 {
		return nil, false
	}
	return shiftToday(c, n, get[string](v, "u"))
}

func shiftToday(c *context, n int, unit string) ([]step, bool) {
	if c.today() == "" {
		return nil, false
	}
	sign := 1
	if n < 0 {
		n, sign = -n, -1
	}
	return shifted(values{"n": numeral(strconv.Itoa(n)), "u": unit, "a": c.today()}, sign)
}

func weekdayNow(c *context, _ values) ([]step, bool) {
	if c.today() == "" {
		return nil, false
	}
	return weekdayOf(c, values{"a": c.today()})
}

func timeNow(c *context, _ values) ([]step, bool) {
	if c.loc == nil {
		return nil, false
	}
	return timeAt(c, c.loc.String())
}

func timeIn(c *context, v values) ([]step, bool) {
	if c.loc == nil {
		return nil, false
	}
	return timeAt(c, get[string](v, "z"))
}

func timeAt(c *context, zone string) ([]step, bool) {
	return one(step{
		task: "date/zone@1", reading: "time in " + zone, answer: "{{out.time}} {{out.abbreviation}}",
		input: map[string]any{
			"time": c.now.UTC().Format("2006-01-02T15:04:05"), "from": "UTC", "to": zone, "ambiguous": "refuse", "gap": "refuse",
		},
	})
}

// places are names of places and zones that lie in one time zone. A state or a
// country with several is not here: which is meant is a guess.
var places = map[string]string{
	"utc": "UTC", "gmt": "UTC", "london": "Europe/London", "paris": "Europe/Paris", "berlin": "Europe/Berlin", "rome": "Europe/Rome", "madrid": "Europe/Madrid",
	"istanbul": "Europe/Istanbul", "moscow": "Europe/Moscow", "dubai": "Asia/Dubai", "tokyo": "Asia/Tokyo", "japan": "Asia/Tokyo", "seoul": "Asia/Seoul",
	"beijing": "Asia/Shanghai", "shanghai": "Asia/Shanghai", "china": "Asia/Shanghai", "hong kong": "Asia/Hong_Kong", "singapore": "Asia/Singapore", "mumbai": "Asia/Kolkata",
	"india": "Asia/Kolkata", "delhi": "Asia/Kolkata", "sydney": "Australia/Sydney", "sydney , australia": "Australia/Sydney", "melbourne": "Australia/Melbourne",
	"new york": "America/New_York", "new york city": "America/New_York", "boston": "America/New_York", "chicago": "America/Chicago", "houston": "America/Chicago", "houston , tx": "America/Chicago",
	"dallas": "America/Chicago", "denver": "America/Denver", "phoenix": "America/Phoenix", "arizona": "America/Phoenix", "las vegas": "America/Los_Angeles", "las vegas , nv": "America/Los_Angeles",
	"los angeles": "America/Los_Angeles", "california": "America/Los_Angeles", "seattle": "America/Los_Angeles", "san francisco": "America/Los_Angeles", "hawaii": "Pacific/Honolulu",
	"honolulu": "Pacific/Honolulu", "toronto": "America/Toronto", "mexico city": "America/Mexico_City", "sao paulo": "America/Sao_Paulo", "buenos aires": "America/Argentina/Buenos_Aires",
	"cairo": "Africa/Cairo", "lagos": "Africa/Lagos", "nairobi": "Africa/Nairobi", "johannesburg": "Africa/Johannesburg", "auckland": "Pacific/Auckland", "germany": "Europe/Berlin",
	"france": "Europe/Paris", "italy": "Europe/Rome", "miami": "America/New_York", "atlanta": "America/New_York", "amsterdam": "Europe/Amsterdam", "zurich": "Europe/Zurich", "vienna": "Europe/Vienna",
	"eastern time zone": "America/New_York", "central time zone": "America/Chicago", "mountain time zone": "America/Denver", "pacific time zone": "America/Los_Angeles",
	"eastern timezone": "America/New_York", "central timezone": "America/Chicago", "mountain timezone": "America/Denver", "pacific timezone": "America/Los_Angeles",
}

// seasonal are names for the time that a zone has in one half of the year.
var seasonal = map[string]bool{
	"est": true, "edt": true, "cst": true, "cdt": true, "mst": true, "mdt": true, "pst": true, "pdt": true, "akst": true, "akdt": true, "bst": true, "cet": true, "gmt": true,
}

// inForce reports whether the name of a zone is the one that it has now: EST in July
// is an hour that nobody in New York has.
func (m *matcher) inForce(at int, zone string) bool {
	if at < len(m.tokens) && m.tokens[at].text == "the" {
		at++
	}
	if at >= len(m.tokens) || !seasonal[m.tokens[at].text] || m.c.now.IsZero() {
		return true
	}
	l, ok := location(zone)
	if !ok {
		return false
	}
	name := strings.ToLower(m.c.now.In(l).Format("MST"))
	return name == m.tokens[at].text || zone == "UTC"
}

// readPlace reads the longest name of a place that has one time zone, or an IANA
// name.
func readPlace(m *matcher, from int, yield func(int, any) bool) bool {
	if from >= len(m.tokens) {
		return true
	}
	var name strings.Builder
	found := map[int]string{}
	for end := from + 1; end <= min(from+7, len(m.tokens)); end++ {
		if m.steps--; m.steps < 0 {
			return false
		}
		if end > from+1 {
			name.WriteByte(' ')
		}
		name.WriteString(m.tokens[end-1].text)
		if zone, ok := zoneNames[name.String()]; ok {
			found[end] = zone
		}
	}
	for end := from + 7; end > from; end-- {
		if zone, ok := found[end]; ok && m.inForce(from, zone) && !yield(end, zone) {
			return false
		}
	}
	if from+3 > len(m.tokens) || m.tokens[from+1].text != "/" {
		return true
	}
	raw := m.raw(from, from+3)
	if _, ok := location(raw); !ok {
		return true
	}
	return yield(from+3, raw)
}
