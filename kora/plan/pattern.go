package plan

import (
	"fmt"
	"strings"
)

// A pattern says what a message may look like, in words and slots:
//
//	[what is|what's] {p:percent} of {x:number}
//
// [a|b] stands for one of its alternatives or nothing, (a|b) for one of them,
// {name:kind} for what a slot of the kind reads. Everything else is words and
// marks, compared in their folded form.
type pattern interface {
	// match calls k with every position at which the pattern can end that begins
	// at from, until k returns false; it reports whether to go on.
	match(m *matcher, from int, k func(at int) bool) bool
}

// matcher is one attempt to read a sequence of tokens.
type matcher struct {
	c      *context
	tokens []token
	values map[string]any
	// steps bounds the work of one attempt.
	steps int
}

// maxSteps bounds one attempt to read a clause: patterns are short, and only a
// hostile message gets there.
const maxSteps = 20_000

type (
	sequence []pattern
	either   []pattern
	literal  string
	slot     struct {
		name string
		read reader
	}
)

// reader calls yield with every way to read a value at from, longest first,
// until yield returns false; it reports whether to go on.
type reader func(m *matcher, from int, yield func(end int, value any) bool) bool

func (p literal) match(m *matcher, from int, k func(int) bool) bool {
	if m.steps--; m.steps < 0 {
		return false
	}
	if from < len(m.tokens) && m.tokens[from].text == string(p) && m.tokens[from].kind != quoted {
		return k(from + 1)
	}
	return true
}

func (p sequence) match(m *matcher, from int, k func(int) bool) bool {
	if len(p) == 0 {
		return k(from)
	}
	return p[0].match(m, from, func(at int) bool { return p[1:].match(m, at, k) })
}

func (p either) match(m *matcher, from int, k func(int) bool) bool {
	for _, alternative := range p {
		if !alternative.match(m, from, k) {
			return false
		}
	}
	return true
}

func (p slot) match(m *matcher, from int, k func(int) bool) bool {
	if m.steps--; m.steps < 0 {
		return false
	}
	return p.read(m, from, func(end int, value any) bool {
		old, had := m.values[p.name]
		m.values[p.name] = value
		on := k(end)
		if had {
			m.values[p.name] = old
		} else {
			delete(m.values, p.name)
		}
		return on
	})
}

// compile parses a pattern. A fault in one is a fault of the program.
func compile(text string) pattern {
	p, rest := parseAlternatives(text)
	if rest != "" {
		panic(fmt.Sprintf("plan: pattern %q: %q is left over", text, rest))
	}
	return p
}

func parseAlternatives(s string) (pattern, string) {
	var all either
	for {
		var one sequence
		one, s = parseSequence(s)
		all = append(all, one)
		if !strings.HasPrefix(s, "|") {
			break
		}
		s = s[1:]
	}
	if len(all) == 1 {
		return all[0], s
	}
	return all, s
}

func parseSequence(s string) (sequence, string) {
	var seq sequence
	for {
		s = strings.TrimLeft(s, " ")
		switch {
		case s == "" || strings.ContainsAny(s[:1], "|)]"):
			return seq, s
		case s[0] == '(', s[0] == '[':
			inner, rest := parseAlternatives(s[1:])
			end := map[byte]string{'(': ")", '[': "]"}[s[0]]
			if !strings.HasPrefix(rest, end) {
				panic(fmt.Sprintf("plan: pattern lacks %s at %q", end, rest))
			}
			if s[0] == '[' {
				inner = either{inner, sequence{}}
			}
			seq, s = append(seq, inner), rest[1:]
		case s[0] == '{':
			slotText, rest, ok := strings.Cut(s[1:], "}")
			name, kind, named := strings.Cut(slotText, ":")
			read := readers[kind]
			if !ok || !named || read == nil {
				panic(fmt.Sprintf("plan: pattern has no slot %q", slotText))
			}
			seq, s = append(seq, slot{name, read}), rest
		default:
			end := strings.IndexAny(s, " |()[]{}")
			if end < 0 {
				end = len(s)
			}
			tokens, _ := tokenize(s[:end])
			for _, t := range tokens {
				seq = append(seq, literal(t.text))
			}
			s = s[end:]
		}
	}
}
