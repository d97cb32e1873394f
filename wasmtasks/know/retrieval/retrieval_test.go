package retrieval

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/krako-labs/krako/wasmtasks/sdk"
)

func doc(id string, fields ...string) Document {
	d := Document{ID: id, Fields: map[string]string{}}
	for i := 0; i < len(fields); i += 2 {
		d.Fields[fields[i]] = fields[i+1]
	}
	return d
}

func build(t testing.TB, stemming string, docs ...Document) []byte {
	t.Helper()
	out, err := Index(context.Background(), IndexInput{docs, stemming})
	if err != nil {
		t.Fatal(err)
	}
	return out.Data
}

func search(in SearchInput, indexes ...[]byte) (SearchOutput, error) {
	blobs := fstest.MapFS{}
	for i, x := range indexes {
		blobs[fmt.Sprintf("i%03d", i)] = &fstest.MapFile{Data: x}
	}
	return Search(sdk.NewContext(context.Background(), blobs, nil), in)
}

func ids(out SearchOutput) string {
	var all []string
	for _, h := range out.Hits {
		all = append(all, h.ID)
	}
	return strings.Join(all, " ")
}

func TestSearch(t *testing.T) {
	docs := []Document{
		doc("cat", "title", "The cat", "body", "A cat sat on the mat. Dogs bark."),
		doc("dog", "title", "The dog", "body", "The dog walks. It is walking with a cat, and the mat is wet."),
		doc("fish", "body", "Größe zählt: ein Fisch. Ｆｕｌｌ width."),
	}
	docs[0].Tags, docs[1].Tags = map[string]string{"kind": "pet"}, map[string]string{"kind": "pet", "size": "big"}
	plain, stemmed := build(t, stemNone, docs...), build(t, stemEnglish, docs...)
	for _, tc := range []struct {
		name  string
		index []byte
		in    SearchInput
		want  string
	}{
		{"any", plain, SearchInput{Query: "cat mat", K: 9}, "cat dog"},
		{"all", plain, SearchInput{Query: "dog mat", Match: "all", K: 9}, "dog"},
		{"phrase", plain, SearchInput{Query: `"mat is"`, K: 9}, "dog"},
		{"phrase across a field's end", plain, SearchInput{Query: `"cat a"`, K: 9}, ""},
		{"phrase and word", plain, SearchInput{Query: `"the mat" wet`, K: 9}, "dog cat"},
		{"no stem", plain, SearchInput{Query: "walk", K: 9}, ""},
		{"stem", stemmed, SearchInput{Query: "walk", K: 9}, "dog"},
		{"case and width", plain, SearchInput{Query: "GRÖSSE größe full", K: 9}, "fish"},
		{"filter", plain, SearchInput{Query: "cat", K: 9, Filter: map[string][]string{"size": {"big", "huge"}}}, "dog"},
		{"boost", plain, SearchInput{Query: "the", K: 9, Boosts: map[string]float64{"title": 0}}, "dog cat"},
		{"only a title", plain, SearchInput{Query: "cat", K: 9, Boosts: map[string]float64{"body": 0}}, "cat"},
		{"nothing", plain, SearchInput{Query: "unicorn", K: 9}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.in.Match == "" {
				tc.in.Match = "any"
			}
			out, err := search(tc.in, tc.index)
			if err != nil || ids(out) != tc.want {
				t.Errorf("%+v, %v, want %s", out, err, tc.want)
			}
		})
	}
}

func TestQuotesAreWhereTheySay(t *testing.T) {
	text := "Nothing here.\n\nThe naïve kraken sleeps — deeply. Krakens wake!  The kraken wakes and the naïve rest."
	x := build(t, stemEnglish, doc("a", "body", text))
	out, err := search(SearchInput{Query: `naïve "kraken wakes"`, Match: "any", K: 1, Quotes: 2}, x)
	if err != nil || len(out.Hits) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	q := out.Hits[0].Quotes
	if len(q) != 2 || q[0].Text != "The kraken wakes and the naïve rest." || q[1].Text != "Krakens wake!" || len(q[0].Matches) != 3 {
		t.Fatalf("%+v", q)
	}
	runes := []rune(text)
	for _, quote := range q {
		for _, s := range append([]Span{quote.Span}, quote.Matches...) {
			if text[s.Start:s.End] != s.Text || string(runes[s.RuneStart:s.RuneEnd]) != s.Text {
				t.Errorf("%+v is not where it says", s)
			}
		}
	}
}

func TestSentencesGoOnOverLines(t *testing.T) {
	for text, want := range map[string]string{
		"The kraken\nwakes. It\nsleeps.":            "The kraken\nwakes.",
		"A title\n\nthe kraken\r\nwakes\r\n\r\nend": "the kraken\r\nwakes",
		"- one\n- the kraken\n  wakes\n- two":       "- the kraken\n  wakes",
		"# Head\nkraken\n# Tail":                    "kraken",
	} {
		out, err := search(SearchInput{Query: "kraken", Match: "any", K: 1, Quotes: 1}, build(t, stemNone, doc("a", "body", text)))
		if err != nil || len(out.Hits) != 1 || out.Hits[0].Quotes[0].Text != want {
			t.Errorf("%q: %+v, %v, want %q", text, out, err, want)
		}
	}
}

func TestLongSentencesAreCut(t *testing.T) {
	text := strings.Repeat("ö ", 5000) + "kraken" + strings.Repeat(" ö", 5000)
	out, err := search(SearchInput{Query: "kraken", Match: "any", K: 1, Quotes: 1}, build(t, stemNone, doc("a", "body", text)))
	if err != nil || len(out.Hits[0].Quotes) != 1 {
		t.Fatal(out, err)
	}
	q := out.Hits[0].Quotes[0]
	if len(q.Text) > maxQuote || !strings.Contains(q.Text, "kraken") || text[q.Start:q.End] != q.Text || len(q.Matches) != 1 {
		t.Errorf("%d bytes at %d: %+v", len(q.Text), q.Start, q.Matches)
	}
}

// reference is BM25F, straight from its formula, over documents of lower-case
// words between spaces.
func reference(docs []Document, query []string, boosts map[string]float64) map[string]float64 {
	total := map[string]float64{}
	for _, d := range docs {
		for f, text := range d.Fields {
			total[f] += float64(len(strings.Fields(text)))
		}
	}
	n := float64(len(docs))
	scores := map[string]float64{}
	for _, term := range query {
		df := 0.0
		tf := map[string]float64{}
		for _, d := range docs {
			found := false
			for f, text := range d.Fields {
				words := strings.Fields(text)
				count := 0.0
				for _, w := range words {
					if w == term {
						count++
					}
				}
				if count > 0 {
					found = true
					boost, ok := boosts[f]
					if !ok {
						boost = 1
					}
					tf[d.ID] += boost * count / (0.25 + 0.75*float64(len(words))*n/total[f])
				}
			}
			if found {
				df++
			}
		}
		for id, x := range tf {
			if x > 0 {
				scores[id] += math.Log(1+(n-df+0.5)/(df+0.5)) * x / (1.2 + x)
			}
		}
	}
	return scores
}

// TestScoresAreBM25 draws documents and compares with the reference, in one index
// and in several.
func TestScoresAreBM25(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"a", "b", "c", "d", "e1", "ff"})
		words := rapid.SliceOfN(word, 0, 12)
		var docs []Document
		for i := range rapid.IntRange(1, 12).Draw(t, "documents") {
			docs = append(docs, doc(fmt.Sprint(i), "title", strings.Join(words.Draw(t, "title"), " "), "body", strings.Join(words.Draw(t, "body"), " ")))
		}
		query := rapid.SliceOfNDistinct(word, 1, 3, rapid.ID).Draw(t, "query")
		boosts := map[string]float64{"title": rapid.SampledFrom([]float64{0, 0.5, 1, 3}).Draw(t, "boost")}
		in := SearchInput{Query: strings.Join(query, " "), Match: "any", K: 100, Boosts: boosts}
		whole, err := encodeAll(docs)
		if err != nil {
			t.Fatal(err)
		}
		one, err := search(in, whole)
		if err != nil {
			t.Fatal(err)
		}
		want := reference(docs, query, boosts)
		if len(one.Hits) != len(want) || one.Total != len(want) {
			t.Fatalf("%d hits of %d, want %d", len(one.Hits), one.Total, len(want))
		}
		for i, h := range one.Hits {
			if math.Abs(h.Score-want[h.ID]) > 1e-6 || i > 0 && h.Score > one.Hits[i-1].Score {
				t.Fatalf("hit %d is %+v, its score is %g", i, h, want[h.ID])
			}
		}
		cut := rapid.IntRange(0, len(docs)).Draw(t, "cut")
		first, err1 := encodeAll(docs[:cut])
		second, err2 := encodeAll(docs[cut:])
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		two, err := search(in, first, second)
		for i := range two.Hits {
			two.Hits[i].Index = "i000"
		}
		if d := cmp.Diff(one, two); err != nil || d != "" {
			t.Fatalf("two shards give another result (%v):\n%s", err, d)
		}
	})
}

func encodeAll(docs []Document) ([]byte, error) {
	out, err := Index(context.Background(), IndexInput{append([]Document{}, docs...), stemNone})
	return out.Data, err
}

func TestEqualDocumentsGiveEqualBytes(t *testing.T) {
	var lines bytes.Buffer
	var docs []Document
	for i := range 50 {
		d := doc(fmt.Sprint(i), "title", fmt.Sprint("number ", i), "body", strings.Repeat("x y z ", i), "note", "")
		d.Tags = map[string]string{"a": "1", "b": "2", "c": fmt.Sprint(i % 3)}
		docs = append(docs, d)
		if err := json.NewEncoder(&lines).Encode(d); err != nil {
			t.Fatal(err)
		}
	}
	ctx := sdk.NewContext(context.Background(), fstest.MapFS{"documents": {Data: lines.Bytes()}}, nil)
	first := build(t, stemNone, docs...)
	for range 5 {
		again, err := Index(ctx, IndexInput{Stemming: stemNone})
		if err != nil || !bytes.Equal(first, again.Data) || again.MediaType != MediaType {
			t.Fatalf("%d and %d bytes differ, %v", len(first), len(again.Data), err)
		}
	}
}

func TestRefusals(t *testing.T) {
	ok := build(t, stemNone, doc("a", "body", "x"))
	var many []string
	for i := range 65 {
		many = append(many, fmt.Sprint(i))
	}
	for want, in := range map[string]SearchInput{
		"query: has no word":           {Query: "… !", Match: "any", K: 1},
		"k: 0 is not":                  {Query: "x", Match: "any"},
		`match: "some" is not`:         {Query: "x", Match: "some", K: 1},
		"boosts.title: is not a field": {Query: "x", Match: "any", K: 1, Boosts: map[string]float64{"title": 1}},
		"boosts.body: -1 is not":       {Query: "x", Match: "any", K: 1, Boosts: map[string]float64{"body": -1}},
		"query: has 65 different":      {Query: strings.Join(many, " "), Match: "any", K: 1},
		"quotes: 11 is not":            {Query: "x", Match: "any", K: 1, Quotes: 11},
	} {
		if _, err := search(in, ok); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for want, docs := range map[string][]Document{
		"documents[1].id": {doc("a", "b", "c"), doc("a", "b", "c")}, "documents[0].id": {doc("", "b", "c")}, "documents[0].fields: 0": {doc("a")}, "documents[0].fields.b: is not UTF-8": {doc("a", "b", "\xff")},
	} {
		if _, err := Index(context.Background(), IndexInput{docs, stemNone}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := Index(context.Background(), IndexInput{nil, stemNone}); err == nil || !strings.Contains(err.Error(), `blob "documents"`) {
		t.Errorf("no documents: %v", err)
	}
	if _, err := search(SearchInput{Query: "x", Match: "any", K: 1}, ok, build(t, stemEnglish, doc("a", "body", "x"))); err == nil || !strings.HasPrefix(err.Error(), `i001: is stemmed "english"`) {
		t.Errorf("two kinds of stemming: %v", err)
	}
	if _, err := search(SearchInput{Query: "x", Match: "any", K: 1}); err == nil || !strings.HasPrefix(err.Error(), "blobs: 0") {
		t.Errorf("no index: %v", err)
	}
}

// FuzzOpenIndex searches broken indexes: they are refused or give what they say,
// and nothing panics.
func FuzzOpenIndex(f *testing.F) {
	out, err := Index(context.Background(), IndexInput{[]Document{doc("a", "b", "kraken wakes. kraken sleeps"), doc("c", "b", "wakes")}, stemNone})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(out.Data)
	f.Add([]byte(magic + "\x00\x00\x00\x02{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := search(SearchInput{Query: `kraken "kraken wakes"`, Match: "any", K: 10, Quotes: 3}, data)
		if err == nil && found.Total < len(found.Hits) {
			t.Errorf("%d of %d", len(found.Hits), found.Total)
		}
	})
}
