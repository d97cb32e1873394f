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
// A pattern is one of sequence, either, literal and slot.
type pattern any

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

// node is a step of a pattern as it is matched: every node knows what comes after
// it, so that trying one costs no memory but where a slot reads.
type node struct {
	word   wordID  // the word to be there
	slot   *slot   // or what is to be read
	choice []*node // or where to go on, each of them in turn
	next   *node   // behind word and slot; all are nil at the end of a pattern
}

// link makes the nodes of a pattern that goes on at next.
func (l lexicon) link(p pattern, next *node) *node {
	switch p := p.(type) {
	case literal:
		return &node{word: l.id(string(p)), next: next}
	case slot:
		return &node{slot: &p, next: next}
	case sequence:
		for i := len(p) - 1; i >= 0; i-- {
			next = l.link(p[i], next)
		}
		return next
	case either:
		n := &node{}
		for _, alternative := range p {
			n.choice = append(n.choice, l.link(alternative, next))
		}
		return n
	}
	panic(fmt.Sprintf("plan: %T is no pattern", p))
}

// matcher is one attempt to read a sequence of tokens.
type matcher struct {
	c      *context
	tokens []token
	// bound are the slots that were read on the way to where the matcher is.
	bound []binding
	// steps bounds the work of one attempt.
	steps int
	// end is called where a pattern has read up to a token, until it returns false.
	end func(at int) bool
}

type binding struct {
	name  string
	value any
}

// values are the slots as they are read now; of two with one name the later counts.
func (m *matcher) values() values {
	v := make(values, len(m.bound))
	for _, b := range m.bound {
		v[b.name] = b.value
	}
	return v
}

// maxSteps bounds one attempt to read a clause: patterns are short, and only a
// hostile message gets there.
const maxSteps = 20_000

// run calls m.end with every position at which the pattern can end that goes on
// at n and begins at token at, until m.end returns false; it reports whether to
// go on.
func (m *matcher) run(n *node, at int) bool {
	for {
		switch {
		case n.slot != nil:
			if m.steps--; m.steps < 0 {
				return false
			}
			return n.slot.read(m, at, func(end int, value any) bool {
				m.bound = append(m.bound, binding{n.slot.name, value})
				on := m.run(n.next, end)
				m.bound = m.bound[:len(m.bound)-1]
				return on
			})
		case n.choice != nil:
			last := len(n.choice) - 1
			for _, c := range n.choice[:last] {
				if !m.run(c, at) {
					return false
				}
			}
			n = n.choice[last]
		case n.next == nil:
			return m.end(at)
		default:
			if m.steps--; m.steps < 0 {
				return false
			}
			if at >= len(m.tokens) || m.tokens[at].id != n.word {
				return true
			}
			n, at = n.next, at+1
		}
	}
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
