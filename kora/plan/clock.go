package plan

import (
	"strconv"
	"time"
)

// clockRules read questions about now. The clock is the request's, and part of
// the graph: the same request is answered the same for ever.
var clockRules = []rule{
	newRule("clock.date", dateNow,
		"[what is|what's|whats|what] [the] [current] [today's] date [is it] [today|is it today|right now|now]",
		"what [is] [the] date [is] [it] today", "what date is it [today|now|right now]", "what date today is", "today's date [is] [what]",
		"what today's date is"),
	newRule("clock.tomorrow", dateTomorrow,
		"[what is|what's|what will be|what would] [the] (date tomorrow|tomorrow's date) [be]", "what [is] the date (for|of) tomorrow", "what date (is|will it be) tomorrow"),
	newRule("clock.weekday", weekdayNow,
		"what day [of the week] is it [today|now]", "what [is] [the] day of the week [is it] [today]", "what day [of the week] (is today|today is)", "what weekday is (it|today)"),
	newRule("clock.in_days", dateIn,
		"what [will] [the] (date|day) [will it|will|is it|it] [be] in {n:integer} {u:span}",
		"in {n:integer} {u:span} [,] what (date|day) will it be", "what [is the] date {n:integer} {u:span} from (now|today)", "what (date|day) (is|will be|will it be) {n:integer} {u:span} from (now|today)"),
	newRule("clock.time", timeNow,
		"[what is|what's|what] [the] [current|exact] time [is it] [right now|now|currently|exactly] [please]", "what time is it [right now|now|currently|exactly]"),
	newRule("clock.time_in", timeIn,
		"what time is it [right now|now|currently|exactly] in [the] {z:place} [right now|now|currently]",
		"[what is|what's] the [current|exact] time [right now|now] in [the] {z:place} [right now|now]",
		"in [the] {z:place} [,] what time is it [right now|now]"),
}

func dateNow(c *context, _ values) ([]step, bool)      { return shiftToday(c, 0, "days") }
func dateTomorrow(c *context, _ values) ([]step, bool) { return shiftToday(c, 1, "days") }

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
	return shifted(values{"n": numeral(strconv.Itoa(n)), "u": unit, "a": c.today()}, 1)
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

// readPlace reads the longest name of a place that has one time zone, or an IANA
// name.
func readPlace(m *matcher, from int, yield func(int, any) bool) bool {
	for end := min(from+4, len(m.tokens)); end > from; end-- {
		name := m.tokens[from].text
		for _, t := range m.tokens[from+1 : end] {
			name += " " + t.text
		}
		if zone, ok := places[name]; ok && !yield(end, zone) {
			return false
		}
	}
	raw := m.raw(from, min(from+3, len(m.tokens)))
	if _, err := time.LoadLocation(raw); err == nil && from+3 <= len(m.tokens) && m.tokens[from+1].text == "/" {
		return yield(from+3, raw)
	}
	return true
}
