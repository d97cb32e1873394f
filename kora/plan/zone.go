package plan

import "strings"

// zoneRules read which time zone a place has, and conversions of clock times.
var zoneRules = []rule{
	newRule("zone.of", zoneOf,
		"(what|which) (timezone|time zone) (is|are|would|does|do) [people in|they in|they use in] [the] [city of|state of|country of] {z:place} [be|use|have|is] [in|use|have|on|located in]", "(what|which) (timezone|time zone) is [it in] {z:place}", "in (what|which) (timezone|time zone) is {z:place} [located|located in]",
		"{z:place} is in (what|which) (timezone|time zone)", "{z:place} can be found in (what|which) (timezone|time zone)", "<what> [the] [current] (timezone|time zone) (in|of|for|is) {z:place} [is|is in]", "(timezone|time zone) (of|in|for) {z:place}",
		"<what> {z:place} 's (timezone|time zone) [is|is what]", "<what> {z:placeof} (timezone|time zone) [is|is what]", "the (timezone|time zone) (of|for|in) {z:place} is what", "(what|which) (timezone|time zone) {z:place} is in", "the (timezone|time zone) [that] {z:place} (is in|uses)", "(what|which) (timezone|time zone) {z:place} (uses|has)",
		"for {z:place} what (timezone|time zone) is it in", "if (you're|i'm|you are|i am) in {z:place} [,] what (timezone|time zone) (are you|am i) in", "in {z:place} [,] what's the (timezone|time zone)", "(what|which) (timezone|time zone) contains [the city of] {z:place}"),
	newRule("zone.convert", convertTime,
		"[what is|what's|convert] {t:clock} [in] {a:place} [time] (in|to|into) {b:place} [time]", "(if it's|if it is|when it's|when it is) {t:clock} (in|at) {a:place} [,] what time is it in {b:place}", "what time is {t:clock} [in] {a:place} [time] in {b:place} [time]",
		"what time is it in {b:place} (when|if) (it's|it is) {t:clock} (in|at) {a:place}"),
}

func zoneOf(c *context, v values) ([]step, bool) {
	if c.now.IsZero() {
		return nil, false
	}
	s, _ := timeAt(c, get[string](v, "z"))
	s[0].reading, s[0].answer = "time zone "+get[string](v, "z"), get[string](v, "z")+" ({{out.abbreviation}}, UTC{{out.offset}})"
	return s, true
}

func convertTime(c *context, v values) ([]step, bool) {
	a, b, t := get[string](v, "a"), get[string](v, "b"), get[string](v, "t")
	if c.today() == "" || a == b {
		return nil, false
	}
	return []step{
		{task: "date/zone@1", reading: t + " in " + a, input: map[string]any{
			"time": c.today() + "T" + t + ":00", "from": a, "to": b, "ambiguous": "refuse", "gap": "refuse",
		}},
		query(`.out.time[11:16] + (if .out.time[0:10] == "`+c.today()+`" then "" elif .out.time[0:10] > "`+c.today()+`" then " the next day" else " the day before" end)`, "", t+" in "+a+" as the time in "+b),
	}, true
}

// readClock reads 3pm, 3:30 p.m., 15:30, noon and midnight as 15:30.
func readClock(m *matcher, from int, yield func(int, any) bool) bool {
	if from >= len(m.tokens) {
		return true
	}
	if m.tokens[from].text == "noon" {
		return yield(from+1, "12:00")
	}
	hour, end := m.tokens[from].text, from+1
	if m.tokens[from].kind != number || len(hour) > 2 {
		return true
	}
	minute := ""
	if end+1 < len(m.tokens) && m.tokens[end].text == ":" && m.tokens[end+1].kind == number && len(m.tokens[end+1].text) == 2 {
		minute, end = m.tokens[end+1].text, end+2
	}
	half := ""
	for _, h := range []struct {
		words []string
		half  string
	}{{[]string{"am"}, "am"}, {[]string{"pm"}, "pm"}, {[]string{"a", ".", "m", "."}, "am"}, {[]string{"p", ".", "m", "."}, "pm"}} {
		if e, ok := phraseAt(m.tokens, end, h.words); ok {
			half, end = h.half, e
			break
		}
	}
	if half == "" && (minute == "" || hour[0] != '0' && clockTwelve[m.c.req.Locale] && len(hour) < 2) {
		return true // 9:30 in the morning, or in the evening
	}
	t, ok := clockTime(hour, minute, half)
	return !ok || yield(end, t)
}

// clockTwelve are locales where hours are counted to twelve.
var clockTwelve = map[string]bool{"en-US": true, "en-CA": true, "en-AU": true, "en-IN": true, "en-NZ": true}

func clockTime(hour, minute, half string) (string, bool) {
	h := 0
	for _, d := range hour {
		h = 10*h + int(d-'0')
	}
	if minute == "" {
		minute = "00"
	}
	if half != "" && (h < 1 || h > 12) || h > 23 || minute > "59" {
		return "", false
	}
	switch {
	case half == "pm" && h < 12:
		h += 12
	case half == "am" && h == 12:
		h = 0
	}
	return string([]byte{byte('0' + h/10), byte('0' + h%10), ':'}) + minute, true
}

// morePlaces are further places that lie in one time zone, by zone.
var morePlaces = map[string]string{
	"America/New_York":    "est; edt; eastern; eastern standard; eastern daylight; east coast; philadelphia; washington dc; washington d . c .; detroit; baltimore; charlotte; orlando; tampa; pittsburgh; cleveland; columbus; hartford; new jersey; georgia , usa; new york state; massachusetts; pennsylvania; virginia; north carolina; south carolina; ohio; maryland; connecticut; maine; vermont; new hampshire; rhode island; delaware; west virginia; manhattan; brooklyn; nyc; jacksonville; raleigh; richmond , va; buffalo; bangor",
	"America/Chicago":     "cst; cdt; central; central standard; central daylight; austin; san antonio; minneapolis; milwaukee; new orleans; st . louis; st louis; memphis; nashville; oklahoma city; omaha; kansas city; illinois; wisconsin; minnesota; iowa; missouri; arkansas; louisiana; mississippi; alabama; oklahoma; baton rouge; austin , tx; dallas , tx; fredericksburg , tx; chicago , il; birmingham , alabama; little rock; des moines",
	"America/Denver":      "mst; mdt; mountain; mountain standard; mountain daylight; salt lake city; albuquerque; colorado; utah; wyoming; montana; new mexico; boise; denver , co; glenwood springs , co; cheyenne; santa fe",
	"America/Phoenix":     "tucson; scottsdale; sedona; phoenix , az; phoenix , arizona",
	"America/Los_Angeles": "pst; pdt; pacific; pacific standard; pacific daylight; west coast; la; san diego; sacramento; san jose , california; oakland; reno; vegas; hollywood; southern california; northern california; washington state; modesto; fresno; seattle , wa; portland , oregon; fresno , ca; los angeles , ca",
	"America/Anchorage":   "alaska standard; anchorage; juneau; akst; akdt",
	"Pacific/Honolulu":    "hst; honolulu , hawaii; maui; oahu; hawaii standard",
	"America/Halifax":     "halifax; nova scotia",
	"America/Toronto":     "ottawa; montreal; quebec city; toronto , canada",
	"America/Vancouver":   "vancouver; vancouver , canada",
	"America/Edmonton":    "calgary; edmonton; alberta",
	"America/Winnipeg":    "winnipeg; manitoba",
	"America/Bogota":      "colombia; bogota", "America/Lima": "peru; lima", "America/Caracas": "venezuela; caracas", "America/La_Paz": "bolivia; la paz", "America/Jamaica": "jamaica; kingston , jamaica",
	"America/Havana": "cuba; havana", "America/Panama": "panama; panama city , panama", "America/Guatemala": "guatemala", "America/Montevideo": "uruguay; montevideo", "America/Argentina/Buenos_Aires": "argentina", "America/Guayaquil": "guayaquil; quito",
	"America/Costa_Rica": "costa rica", "America/Puerto_Rico": "puerto rico; san juan", "America/Santiago": "santiago , chile", "America/Sao_Paulo": "rio de janeiro; brasilia; rio; são paulo", "America/Asuncion": "paraguay",
	"Europe/London": "england; scotland; wales; uk; united kingdom; great britain; britain; edinburgh; manchester; glasgow; liverpool; bst; greenwich", "Europe/Dublin": "ireland; dublin", "Europe/Lisbon": "lisbon",
	"Europe/Berlin": "munich; hamburg; frankfurt; cologne; cet; stuttgart", "Europe/Paris": "lyon; marseille; nice , france", "Europe/Rome": "milan; naples; venice; florence; vatican city", "Europe/Madrid": "barcelona; valencia", "Europe/Brussels": "belgium; brussels",
	"Europe/Amsterdam": "netherlands; holland; the netherlands; rotterdam", "Europe/Vienna": "austria", "Europe/Zurich": "switzerland; geneva; bern", "Europe/Stockholm": "sweden; stockholm", "Europe/Oslo": "norway; oslo", "Europe/Copenhagen": "copenhagen",
	"Europe/Helsinki": "finland; helsinki", "Europe/Warsaw": "poland; warsaw; krakow", "Europe/Prague": "czech republic; czechia; prague", "Europe/Budapest": "hungary; budapest", "Europe/Athens": "greece; athens", "Europe/Bucharest": "romania; bucharest",
	"Europe/Sofia": "bulgaria; sofia", "Europe/Belgrade": "serbia; belgrade", "Europe/Zagreb": "croatia; zagreb", "Europe/Kyiv": "ukraine; kyiv; kiev", "Europe/Istanbul": "turkey; ankara; turkiye", "Europe/Moscow": "st . petersburg , russia; saint petersburg",
	"Europe/Luxembourg": "luxembourg", "Europe/Malta": "malta", "Europe/Vilnius": "lithuania; vilnius", "Europe/Riga": "latvia; riga", "Europe/Tallinn": "estonia; tallinn", "Atlantic/Reykjavik": "iceland; reykjavik", "Europe/Monaco": "monaco",
	"Asia/Tokyo": "osaka; kyoto; jst; tokyo , japan", "Asia/Seoul": "south korea; kst", "Asia/Pyongyang": "north korea", "Asia/Shanghai": "guangzhou; shenzhen", "Asia/Taipei": "taiwan; taipei", "Asia/Manila": "philippines; the philippines; manila",
	"Asia/Singapore": "sgt", "Asia/Kuala_Lumpur": "malaysia; kuala lumpur", "Asia/Bangkok": "thailand; bangkok", "Asia/Ho_Chi_Minh": "vietnam; viet nam; ho chi minh; ho chi minh city; saigon; hanoi", "Asia/Phnom_Penh": "cambodia", "Asia/Jakarta": "jakarta",
	"Asia/Kolkata": "new delhi; bangalore; chennai; kolkata; hyderabad , india; pune", "Asia/Karachi": "pakistan; karachi; lahore; islamabad", "Asia/Dhaka": "bangladesh; dhaka", "Asia/Colombo": "sri lanka; colombo", "Asia/Kathmandu": "nepal; kathmandu",
	"Asia/Kabul": "afghanistan; kabul", "Asia/Tehran": "iran; tehran", "Asia/Baghdad": "iraq; baghdad", "Asia/Riyadh": "saudi arabia; riyadh", "Asia/Dubai": "uae; united arab emirates; abu dhabi", "Asia/Qatar": "qatar; doha", "Asia/Kuwait": "kuwait",
	"Asia/Jerusalem": "israel; jerusalem; tel aviv", "Asia/Beirut": "lebanon; beirut", "Asia/Amman": "jordan; amman",
	"Africa/Cairo": "egypt", "Africa/Lagos": "nigeria; abuja", "Africa/Nairobi": "kenya", "Africa/Johannesburg": "south africa; cape town; pretoria", "Africa/Casablanca": "morocco; casablanca", "Africa/Accra": "ghana; accra", "Africa/Addis_Ababa": "ethiopia; addis ababa",
	"Africa/Algiers": "algeria; algiers", "Africa/Tunis": "tunisia; tunis", "Africa/Kampala": "uganda",
	"Australia/Sydney": "canberra; new south wales", "Australia/Melbourne": "melbourne , australia", "Australia/Brisbane": "brisbane; queensland", "Australia/Perth": "perth; western australia", "Australia/Adelaide": "adelaide", "Australia/Darwin": "darwin",
	"Pacific/Auckland": "wellington; auckland , new zealand", "Pacific/Fiji": "fiji", "UTC": "utc time; coordinated universal time",
}

// suffixes are what may follow the name of a zone.
var suffixes = []string{"", " time", " timezone", " time zone"}

// zoneNames holds all places with all that may follow them.
var zoneNames = allPlaces()

func allPlaces() map[string]string {
	all := map[string]string{}
	add := func(name, zone string) {
		for _, s := range suffixes {
			all[name+s] = zone
			all["the "+name+s] = zone
		}
	}
	for name, zone := range places {
		add(name, zone)
	}
	for zone, names := range morePlaces {
		for name := range strings.SplitSeq(names, "; ") {
			add(name, zone)
		}
	}
	return all
}

// readPlaceOf reads a place with its zone as an adjective: "miami", "france's".
func readPlaceOf(m *matcher, from int, yield func(int, any) bool) bool {
	for end := min(from+3, len(m.tokens)); end > from; end-- {
		var words []string
		for _, t := range m.tokens[from:end] {
			words = append(words, t.text)
		}
		name := strings.TrimSuffix(strings.Join(words, " "), "'s")
		if zone, ok := zoneNames[name]; ok && !yield(end, zone) {
			return false
		}
	}
	return true
}
