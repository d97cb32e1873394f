package retrieval

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// builder gathers documents.
type builder struct {
	stemming string
	analyzer *analyzer
	ids      map[string]bool
	docs     []Document
	fields   map[string]bool
	tokens   []map[string]int     // of each document's fields
	postings map[string][]posting // of each term, by document
	size     int
}

// posting is how often a term is in the fields of a document.
type posting struct {
	doc    int
	counts map[string]int
}

func newBuilder(stemming string) (*builder, error) {
	a, err := newAnalyzer(stemming)
	return &builder{stemming: stemming, analyzer: a, ids: map[string]bool{}, fields: map[string]bool{}, postings: map[string][]posting{}}, err
}

// add takes a document; at is its place.
func (b *builder) add(at string, d Document) error {
	if err := d.check(at); err != nil {
		return err
	}
	if b.ids[d.ID] {
		return field.Errorf(at+".id", "%q is another document's", d.ID)
	}
	b.ids[d.ID] = true
	doc := len(b.docs)
	b.docs = append(b.docs, d)
	counts, lengths := map[string]map[string]int{}, map[string]int{}
	for name, text := range d.Fields {
		b.fields[name] = true
		if b.size += len(text); b.size > maxIndex {
			return field.Errorf(at, "makes the index larger than %d bytes: index the rest apart, a search takes several", maxIndex)
		}
		b.analyzer.tokens(text, func(t token) {
			lengths[name]++
			if counts[t.term] == nil {
				counts[t.term] = map[string]int{}
			}
			counts[t.term][name]++
		})
	}
	b.tokens = append(b.tokens, lengths)
	for term, of := range counts {
		b.postings[term] = append(b.postings[term], posting{doc, of})
	}
	return field.AtMost("documents", len(b.fields), maxFields, "names of fields")
}

// encode writes the index (format.go).
func (b *builder) encode() ([]byte, error) {
	fields := slices.Sorted(maps.Keys(b.fields))
	terms := slices.Sorted(maps.Keys(b.postings))
	h := header{Stemming: b.stemming, Documents: len(b.docs), Terms: len(terms), Fields: make([]fieldInfo, len(fields))}
	for i, name := range fields {
		h.Fields[i].Name = name
		for _, lengths := range b.tokens {
			h.Fields[i].Tokens += int64(lengths[name])
		}
	}
	docs, docAt := b.encodeDocuments(fields)
	dict, termAt := b.encodeTerms(fields, terms)
	h.DocumentBytes, h.TermBytes = len(docs), len(dict)
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	out := binary.BigEndian.AppendUint32([]byte(magic), uint32(len(text)))
	out = append(out, text...)
	for _, places := range [][]uint32{docAt, termAt} {
		for _, at := range places {
			out = binary.LittleEndian.AppendUint32(out, at)
		}
	}
	for _, lengths := range b.tokens {
		for _, name := range fields {
			out = binary.LittleEndian.AppendUint32(out, uint32(lengths[name]))
		}
	}
	out = append(append(out, docs...), dict...)
	if len(out) > maxIndex {
		return nil, field.Errorf("documents", "make an index of %d bytes, at most %d are allowed: index them in parts, a search takes several", len(out), maxIndex)
	}
	return out, nil
}

// encodeDocuments writes the documents' records and where each begins.
func (b *builder) encodeDocuments(fields []string) (out []byte, places []uint32) {
	for _, d := range b.docs {
		places = append(places, uint32(len(out)))
		out = putString(out, d.ID)
		out = binary.AppendUvarint(out, uint64(len(d.Tags)))
		for _, name := range slices.Sorted(maps.Keys(d.Tags)) {
			out = putString(putString(out, name), d.Tags[name])
		}
		for _, name := range fields {
			out = putString(out, d.Fields[name])
		}
	}
	return out, append(places, uint32(len(out)))
}

// encodeTerms writes the terms with their postings and where each begins.
func (b *builder) encodeTerms(fields, terms []string) (out []byte, places []uint32) {
	for _, term := range terms {
		places = append(places, uint32(len(out)))
		list := b.postings[term]
		out = binary.AppendUvarint(putString(out, term), uint64(len(list)))
		last := 0
		for _, p := range list {
			out = binary.AppendUvarint(out, uint64(p.doc-last))
			last = p.doc
			for _, name := range fields {
				out = binary.AppendUvarint(out, uint64(p.counts[name]))
			}
		}
	}
	return out, append(places, uint32(len(out)))
}

func putString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
