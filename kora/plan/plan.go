package plan

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Make plans a message.
func Make(r *Request) Plan {
	p := &Plan{Kind: None}
	switch {
	case strings.TrimSpace(r.Message) == "":
		p.decide(StageNormalise, Refused, Empty, 0, 0)
		p.Reason = Empty
		return *p
	case !utf8.ValidString(r.Message):
		p.decide(StageNormalise, Refused, NotText, 0, len(r.Message))
		p.Reason = NotText
		return *p
	case r.Models == ModelOnly:
		p.decide(StageGrammar, Abstained, ModelWanted, 0, len(r.Message))
		p.Reason = ModelWanted
	case deterministic(p, r):
		return *p
	}
	if r.Models != ModelOnly && route(p, r) {
		return *p
	}
	if r.Models == ModelNever {
		p.decide(StageModel, Refused, NoModel, 0, len(r.Message))
		return *p
	}
	if r.Models == ModelIfNeeded && r.ModelPlans && len(planner(r)) > 0 {
		askForDraft(p, r)
		return *p
	}
	askModel(p, r)
	return *p
}

// deterministic tries to answer without a model.
func deterministic(p *Plan, r *Request) bool {
	if len(r.Message) > maxMessageBytes {
		return p.abstain(StageNormalise, TooLong, len(r.Message))
	}
	if found := readWhole(r.Message); len(found) == 1 {
		c := clause{0, len(r.Message), found}
		p.read(Accepted, "", &found[0], c)
		build(p, r, []clause{c})
		return true
	}
	if !pointed(r.Locale) && punctuated.MatchString(r.Message) {
		return p.abstain(StageNormalise, Ambiguous, len(r.Message))
	}
	tokens, ok := tokenize(r.Message)
	if !ok {
		return p.abstain(StageNormalise, TooLong, len(r.Message))
	}
	c := newContext(r)
	ways := divide(c, tokens)
	if len(ways) == 0 {
		if fixed, changes := corrected(tokens); len(changes) > 0 {
			if ways = divide(c, fixed); len(ways) > 0 {
				for _, t := range changes {
					p.Decisions = append(p.Decisions, Decision{Stage: StageNormalise, Outcome: Accepted, Reason: Spelling, Reading: t.text, Start: t.start, End: t.end})
				}
			}
		}
	}
	if len(ways) == 0 {
		return p.abstain(StageGrammar, NoGrammar, len(r.Message))
	}
	if len(ways) > 1 {
		return p.abstain(StageCompose, Ambiguous, len(r.Message))
	}
	for _, c := range ways[0] {
		if len(c.readings) > 1 {
			for _, rd := range c.readings {
				p.read(Abstained, Ambiguous, &rd, c)
			}
			return p.abstain(StageGrammar, Ambiguous, len(r.Message))
		}
	}
	for _, c := range ways[0] {
		p.read(Accepted, "", &c.readings[0], c)
	}
	if len(ways[0]) > 1 {
		p.decide(StageCompose, Accepted, "", 0, len(r.Message))
	}
	build(p, r, ways[0])
	return true
}

// punctuated is a number with a mark in it, which is a point to some and groups digits
// to others. Grammars read numbers as English has them.
var punctuated = regexp.MustCompile(`\d[.,]\d`)

func pointed(locale string) bool { return locale == "" || strings.HasPrefix(locale, "en") }

func (p *Plan) decide(s Stage, o Outcome, why Reason, start, end int) {
	p.Decisions = append(p.Decisions, Decision{Stage: s, Outcome: o, Reason: why, Start: start, End: end})
}

func (p *Plan) abstain(s Stage, why Reason, end int) bool {
	p.decide(s, Abstained, why, 0, end)
	p.Reason = why
	return false
}

// read logs a reading of a clause.
func (p *Plan) read(o Outcome, why Reason, rd *reading, c clause) {
	p.Decisions = append(p.Decisions, Decision{
		Stage: StageGrammar, Outcome: o, Reason: why, Parser: rd.parser, Reading: rd.steps[len(rd.steps)-1].reading, Start: c.start, End: c.end,
	})
}
