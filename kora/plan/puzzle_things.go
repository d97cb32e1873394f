package plan

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	swapIntro  = regexp.MustCompile(`^[\pL, ]+ are (?:friends and avid readers who occasionally trade books|holding a white elephant gift exchange|playing a game|dancers at a square dance|on the same team in a soccer match)\.$`)
	swapStart  = regexp.MustCompile(`^At the start of (?:the|a) \pL+, they (?:each|are each) [\pL ]+: (.+)\.$`)
	swapMiddle = regexp.MustCompile(`^(?:As the \pL+ (?:proceeds|progresses)|Throughout the song), [\pL ]+\.$`)
	swapOne    = regexp.MustCompile(`^(?:First|Then|Finally), (\pL+) and (\pL+) (?:swap|trade|switch) [\pL ]+\.$`)
	swapEnd    = regexp.MustCompile(`^At the end of the \pL+, (\pL+) (?:has(?: the)?|is dancing with|is playing)$`)
	holding    = regexp.MustCompile(`^(\pL+) (?:gets|has an?|is dancing with|is playing) (.+)$`)
)

// swaps reads who holds what, and who swaps with whom.
func swaps(message string) ([]step, bool) {
	text, options, ok := cutOptions(message)
	if !ok {
		return nil, false
	}
	text = strings.ReplaceAll(text, "\n", " ")
	all := sentences(text)
	if len(all) < 5 || !swapIntro.MatchString(all[0]) {
		return nil, false
	}
	start, ok := holdings(all[1])
	end := swapEnd.FindStringSubmatch(all[len(all)-1])
	if !ok || end == nil || !swapMiddle.MatchString(all[2]) {
		return nil, false
	}
	moves := []map[string]any{}
	for _, s := range all[3 : len(all)-1] {
		m := swapOne.FindStringSubmatch(s)
		if m == nil {
			return nil, false
		}
		moves = append(moves, map[string]any{"a": m[1], "b": m[2]})
	}
	pick, ok := choose(options, func(o option) (any, bool) { return strings.TrimSuffix(o.text, "."), true },
		`[.out.end[] | select(.holder == `+strconv.Quote(end[1])+`) | .thing] | if length == 1 then .[0] else error("nobody") end`)
	if !ok {
		return nil, false
	}
	return []step{
		{task: "logic/track@1", reading: "what " + end[1] + " has at the end", input: map[string]any{"start": start, "swaps": moves}},
		pick,
	}, true
}

func holdings(sentence string) ([]map[string]any, bool) {
	m := swapStart.FindStringSubmatch(sentence)
	if m == nil {
		return nil, false
	}
	var start []map[string]any
	for _, part := range enumeration(m[1]) {
		h := holding.FindStringSubmatch(part)
		if h == nil {
			return nil, false
		}
		start = append(start, map[string]any{"holder": h[1], "thing": h[2]})
	}
	return start, len(start) > 1
}

var (
	freeIntro  = regexp.MustCompile(`^Today, (\pL+) went to the ([\pL' -]+)\. Between what times could they have gone\?$`)
	freeWoke   = regexp.MustCompile(`^(\pL+) woke up at (\d{1,2})(am|pm)\.$`)
	freeSaw    = regexp.MustCompile(`^\pL+ saw (\pL+) [\pL' -]+ from (\d{1,2})(am|pm) to (\d{1,2})(am|pm)\.$`)
	freeClosed = regexp.MustCompile(`^The ([\pL' -]+) was closed after (\d{1,2})(am|pm)\.$`)
	freeAsk    = regexp.MustCompile(`^Between what times could (\pL+) have gone to the ([\pL' -]+)\?$`)
	freeOption = regexp.MustCompile(`^(\d{1,2})(am|pm) to (\d{1,2})(am|pm)$`)
)

// freeTime reads when somebody was seen, and asks when they were not.
func freeTime(message string) ([]step, bool) {
	text, options, ok := cutOptions(message)
	lines := strings.Split(text, "\n")
	if !ok || len(lines) < 6 || lines[1] != "We know that:" {
		return nil, false
	}
	intro, woke := freeIntro.FindStringSubmatch(lines[0]), freeWoke.FindStringSubmatch(lines[2])
	closed, ask := freeClosed.FindStringSubmatch(lines[len(lines)-2]), freeAsk.FindStringSubmatch(lines[len(lines)-1])
	if intro == nil || woke == nil || closed == nil || ask == nil || intro[1] != woke[1] || ask[1] != intro[1] || closed[1] != intro[2] || ask[2] != intro[2] {
		return nil, false
	}
	busy := []map[string]any{}
	for _, l := range lines[3 : len(lines)-2] {
		m := freeSaw.FindStringSubmatch(l)
		if m == nil || m[1] != intro[1] {
			return nil, false
		}
		busy = append(busy, map[string]any{"from": hour(m[2], m[3]), "to": hour(m[4], m[5])})
	}
	pick, ok := choose(options, func(o option) (any, bool) {
		m := freeOption.FindStringSubmatch(o.text)
		if m == nil {
			return nil, false
		}
		return map[string]any{"from": hour(m[1], m[2]), "to": hour(m[3], m[4])}, true
	}, `.out.free | if length == 1 then .[0] else error("more than one time") end`)
	if !ok {
		return nil, false
	}
	return []step{
		{
			task: "logic/free@1", reading: "when " + intro[1] + " was not seen",
			input: map[string]any{"from": hour(woke[2], woke[3]), "to": hour(closed[2], closed[3]), "busy": busy},
		},
		pick,
	}, true
}

// hour is a time of day of the twelve-hour clock as logic/free writes it.
func hour(h, half string) string {
	n, _ := strconv.Atoi(h)
	n %= 12
	if half == "pm" {
		n += 12
	}
	return strconv.Itoa(n/10) + strconv.Itoa(n%10) + ":00"
}
