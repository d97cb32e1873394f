package jcs_test

import (
	"testing"

	"github.com/krako-labs/krako/contracts/jcs"
)

// The input of a typical unit, in order and not.
const (
	inOrder    = `{"documents":[{"id":"a1","score":0.25,"text":"The quick brown fox jumps over the lazy dog."},{"id":"a2","score":0.5,"text":"Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich."}],"limit":10,"options":{"fold":true,"lang":"de","min":2},"query":"fox"}`
	outOfOrder = `{"query": "fox", "limit": 10, "documents": [{"text": "The quick brown fox jumps over the lazy dog.", "id": "a1", "score": 0.25}, {"text": "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.", "id": "a2", "score": 0.50}], "options": {"min": 2, "lang": "de", "fold": true}}`
)

func BenchmarkCanonicalize(b *testing.B) {
	for name, doc := range map[string]string{"in_order": inOrder, "out_of_order": outOfOrder} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := jcs.Canonicalize([]byte(doc)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkValue(b *testing.B) {
	b.SetBytes(int64(len(inOrder)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jcs.Value([]byte(inOrder)); err != nil {
			b.Fatal(err)
		}
	}
}
