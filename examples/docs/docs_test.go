package docs_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/examples/docs"
	"github.com/krako-labs/krako/examples/docs/docstest"
	"github.com/krako-labs/krako/examples/exampletest"
)

// answer is the output of the last unit.
type answer struct {
	Results []struct {
		Question string
		Topic    struct {
			Document   string
			Confidence float64
			Sure       bool
		}
		Found    int
		Sections []struct {
			ID      string
			Score   float64
			OfTopic bool `json:"of_topic"`
			Quotes  []struct {
				Field, Text string
				Start, End  int
			}
		}
	}
}

func ask(t *testing.T, box *exampletest.Box, sections []docs.Section, shards int, o docs.Options) answer {
	t.Helper()
	blocks := map[cid.Cid][]byte{}
	store := func(b []byte) dagcbor.Link {
		link := dagcbor.Link{Cid: dagcbor.RawCID(b)}
		blocks[link.Cid] = b
		return link
	}
	cut, err := docs.Shards(sections, shards)
	if err != nil {
		t.Fatal(err)
	}
	var links []dagcbor.Link
	for _, s := range cut {
		links = append(links, store(s))
	}
	paragraphs, err := docs.Examples(sections)
	if err != nil {
		t.Fatal(err)
	}
	g, err := docs.Graph(exampletest.Request(), links, store(paragraphs), o)
	if err != nil {
		t.Fatal(err)
	}
	types := map[contracts.UnitType]bool{}
	for _, u := range g.WorkUnits {
		types[u.Type] = true
	}
	if len(types) != 3 {
		t.Errorf("the graph has units of types %v", types)
	}
	var a answer
	if err := json.Unmarshal(box.Run(t, g, blocks)["answer"].Output, &a); err != nil || len(a.Results) != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
	return a
}

// TestAnswersAreTheReferences asks the real documents of this project and three
// short ones, and compares every score with the reference and every quote with the
// text.
func TestAnswersAreTheReferences(t *testing.T) {
	box := exampletest.Open(t)
	for _, tc := range []struct {
		dir, question, document string
		shards                  int
	}{
		{"testdata", "How long should the tea leaves steep in the pot?", "tea", 2},
		{"testdata", "When is the loaf done and how hot must the oven be for the dough?", "bread", 3},
		{"testdata", "How do I oil the chain and pump the tyres?", "bicycle", 1},
		{"../../docs/adr", "What happens to a lease that is lost?", "", 4},
	} {
		sections, err := docs.Sections(os.DirFS(tc.dir))
		if err != nil {
			t.Fatal(err)
		}
		a := ask(t, box, sections, tc.shards, docs.Options{Question: tc.question, K: 8, Stemming: "none", Precision: 0.8}).Results[0]
		want := docstest.Search(sections, tc.question)
		if a.Question != tc.question || a.Found != len(want) || len(a.Sections) != min(8, len(want)) {
			t.Fatalf("%s: found %d sections, want %d", tc.question, a.Found, len(want))
		}
		for i, s := range a.Sections {
			if math.Abs(s.Score-want[i].Score) > 1e-6 || want[i].ID != s.ID && math.Abs(score(want, s.ID)-s.Score) > 1e-6 {
				t.Errorf("%s: place %d is %s with %g, want %+v", tc.question, i+1, s.ID, s.Score, want[i])
			}
			text := map[string]string{}
			for _, x := range sections {
				if x.ID == s.ID {
					text["title"], text["body"] = x.Title, x.Body
				}
			}
			if len(s.Quotes) == 0 {
				t.Errorf("%s is not quoted", s.ID)
			}
			for _, q := range s.Quotes {
				if text[q.Field][q.Start:q.End] != q.Text {
					t.Errorf("%s has no %q at %d", s.ID, q.Text, q.Start)
				}
			}
		}
		// Three held-out paragraphs are too few to be sure.
		if tc.document != "" && (a.Topic.Document != tc.document || a.Topic.Confidence < 0.8 || !a.Sections[0].OfTopic) {
			t.Errorf("%s: %+v, %+v", tc.question, a.Topic, a.Sections[0])
		}
	}
}

func score(hits []docstest.Hit, id string) float64 {
	for _, h := range hits {
		if h.ID == id {
			return h.Score
		}
	}
	return 0
}

func TestSections(t *testing.T) {
	got, err := docs.Sections(fstest.MapFS{
		"b.md": {Data: []byte("intro\n# One\ntext\n```\n# no heading\n```\n## Two #\n\n#hash\n# Empty\n")}, "a/c.md": {Data: []byte("x\xff")}, "d.txt": {Data: []byte("# no")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range got {
		all = append(all, s.ID+"|"+s.File+"|"+s.Title+"|"+strings.ReplaceAll(s.Body, "\n", "/"))
	}
	want := []string{"a/c.md#1|a/c||x\ufffd", "b.md#1|b||intro/", "b.md#2|b|One|text/```/# no heading/```/", "b.md#3|b|Two #|/#hash/", "b.md#4|b|Empty|"}
	if strings.Join(all, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q, want %q", all, want)
	}
}

func TestReferenceCutsWords(t *testing.T) {
	got := strings.Join(docstest.Words("It’s 1,000.5 a.b det-1 snake_case, e:f 3:4 \"x.\" — _ naïve"), "|")
	if want := "it's|1,000.5|a.b|det|1|snake_case|e:f|3|4|x|naïve"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestGraphRefuses(t *testing.T) {
	for _, n := range []int{0, docs.MaxShards + 1} {
		if _, err := docs.Graph(exampletest.Request(), make([]dagcbor.Link, n), dagcbor.Link{}, docs.DefaultOptions()); err == nil {
			t.Errorf("%d shards are accepted", n)
		}
	}
}
