package retrieval

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// maxQuote bounds a quote, in bytes; of a longer sentence a part is quoted.
const maxQuote = 1000

// Quote is a sentence (UAX #29) of a document and the words of the query in it.
type Quote struct {
	Field string `json:"field"`
	Span
	Matches []Span `json:"matches"`
}

// Span is a piece of a field's text: Text is what stands there, from Start up to
// End in bytes, and from RuneStart up to RuneEnd in code points.
type Span struct {
	Text      string `json:"text"`
	Start     int    `json:"start" jsonschema_description:"in bytes of the field's text"`
	End       int    `json:"end"`
	RuneStart int    `json:"rune_start" jsonschema_description:"in code points"`
	RuneEnd   int    `json:"rune_end"`
}

// stored is a document as it is in the index.
type stored struct {
	id     string
	tags   map[string]string
	names  []fieldInfo
	texts  []string
	tokens [][]token // of each field, once asked for
}

func (x *index) stored(i int) (*stored, error) {
	r, err := x.document(i)
	if err != nil {
		return nil, err
	}
	d := &stored{id: r.text(), names: x.Fields, texts: make([]string, len(x.Fields))}
	if n := r.number(maxTags); n > 0 {
		d.tags = make(map[string]string, n)
		for range n {
			name := r.text()
			d.tags[name] = r.text()
		}
	}
	for f := range d.texts {
		d.texts[f] = r.text()
	}
	if r.err != nil || len(r.b) > 0 {
		return nil, field.Errorf(x.name, "document %d: %d bytes are left: %v", i, len(r.b), r.err)
	}
	return d, nil
}

func (d *stored) analyze(a *analyzer) {
	if d.tokens != nil {
		return
	}
	d.tokens = make([][]token, len(d.texts))
	for f, text := range d.texts {
		a.tokens(text, func(t token) { d.tokens[f] = append(d.tokens[f], t) })
	}
}

// hasAll reports whether each phrase stands in a field.
func (d *stored) hasAll(phrases [][]string, a *analyzer) bool {
	if len(phrases) == 0 {
		return true
	}
	d.analyze(a)
	for _, p := range phrases {
		if !slices.ContainsFunc(d.tokens, func(list []token) bool { return hasPhrase(list, p) }) {
			return false
		}
	}
	return true
}

func hasPhrase(list []token, phrase []string) bool {
	for i := range max(len(list)-len(phrase)+1, 0) {
		if slices.EqualFunc(list[i:i+len(phrase)], phrase, func(t token, term string) bool { return t.term == term }) {
			return true
		}
	}
	return false
}

// passage is a sentence that may be quoted.
type passage struct {
	field, start, end int
	matches           []token
	score             float64
}

// quotes returns the best passages of a document as quotes.
func (d *stored) quotes(q *query, idf, weights []float64, a *analyzer, most int) []Quote {
	d.analyze(a)
	var all []passage
	for f, text := range d.texts {
		if weights[f] > 0 {
			all = append(all, passages(f, text, d.tokens[f], q, idf)...)
		}
	}
	slices.SortStableFunc(all, func(a, b passage) int { return cmp.Compare(b.score, a.score) })
	var out []Quote
	for _, p := range all[:min(most, len(all))] {
		text := d.texts[p.field]
		quote := Quote{Field: d.names[p.field].Name, Span: span(text, p.start, p.end)}
		for _, m := range p.matches {
			quote.Matches = append(quote.Matches, span(text, m.start, m.end))
		}
		out = append(out, quote)
	}
	return out
}

func span(text string, start, end int) Span {
	from := utf8.RuneCountInString(text[:start])
	return Span{text[start:end], start, end, from, from + utf8.RuneCountInString(text[start:end])}
}

// passages cuts a text into sentences and returns those that have a word of the
// query. A passage counts what its different words do, and a phrase in it as much
// again.
func passages(f int, text string, tokens []token, q *query, idf []float64) []passage {
	var all []passage
	for it := sentences.FromString(unwrap(text)); it.Next(); {
		n := 0
		for n < len(tokens) && tokens[n].start < it.End() {
			n++
		}
		p := passage{field: f, start: it.Start(), end: it.End()}
		p.weigh(tokens[:n], q, idf)
		tokens = tokens[n:]
		if len(p.matches) > 0 {
			p.trim(text)
			all = append(all, p)
		}
	}
	return all
}

// unwrap makes spaces of line ends within a paragraph, because texts that are
// wrapped by hand have sentences on several lines: UAX #29 ends one at each. Line
// ends stay beside blank lines, before what looks like an element of a list, a
// heading, a quotation or a row of a table, and after headings and rows. Places
// stay what they are.
func unwrap(text string) string {
	b := []byte(text)
	line := 0
	for i, c := range b {
		if c != '\n' {
			continue
		}
		first := text[line]
		line = i + 1
		if strings.ContainsRune("\n#|", rune(first)) {
			continue
		}
		rest := strings.TrimLeft(text[i+1:min(len(text), i+100)], " \t")
		if rest == "" || strings.ContainsRune("\r\n#>|-*+", rune(rest[0])) || '0' <= rest[0] && rest[0] <= '9' {
			continue
		}
		b[i] = ' '
		if b[i-1] == '\r' {
			b[i-1] = ' '
		}
	}
	return string(b)
}

func (p *passage) weigh(tokens []token, q *query, idf []float64) {
	seen := make([]bool, len(q.terms))
	for _, t := range tokens {
		at, ok := slices.BinarySearch(q.terms, t.term)
		if !ok {
			continue
		}
		p.matches = append(p.matches, t)
		if !seen[at] {
			seen[at] = true
			p.score += idf[at]
		}
	}
	for _, phrase := range q.phrases {
		if !hasPhrase(tokens, phrase) {
			continue
		}
		for _, term := range phrase {
			at, _ := slices.BinarySearch(q.terms, term)
			p.score += idf[at]
		}
	}
}

// trim takes white space away and cuts a long sentence to what begins shortly
// before its first match.
func (p *passage) trim(text string) {
	sentence := text[p.start:p.end]
	p.start += len(sentence) - len(strings.TrimLeft(sentence, " \t\r\n\u2028\u2029\u0085"))
	p.end -= len(sentence) - len(strings.TrimRight(sentence, " \t\r\n\u2028\u2029\u0085"))
	if p.end-p.start <= maxQuote {
		return
	}
	p.start = max(p.start, p.matches[0].start-maxQuote/4)
	for !utf8.RuneStart(text[p.start]) {
		p.start++
	}
	p.end = min(p.end, p.start+maxQuote)
	for p.end < len(text) && !utf8.RuneStart(text[p.end]) {
		p.end--
	}
	p.matches = slices.DeleteFunc(p.matches, func(t token) bool { return t.end > p.end })
}
