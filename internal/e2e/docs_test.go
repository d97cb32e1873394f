package e2e

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/krako-labs/krako/examples/docs"
	"github.com/krako-labs/krako/examples/docs/docstest"
)

// TestDocsAreFoundAsTheReferenceFinds runs the command a user runs on the
// decisions of this project: units of all three CPU types, on three nodes.
func TestDocsAreFoundAsTheReferenceFinds(t *testing.T) {
	f := start(t, 3)
	const question = "What happens to a lease that is lost?"
	dir, out := "../../docs/adr", filepath.Join(t.TempDir(), "answer.json")
	text := f.krako("run", "docs", "--input", dir, "--out", out, "--stemming", "none", "--k", "10", question)
	if !bytes.Contains([]byte(text), []byte("every signature verified")) {
		t.Errorf("the command does not say that signatures were verified:\n%s", text)
	}
	doc, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Found    int
		Topic    struct{ Document string }
		Sections []struct {
			ID    string
			Score float64
		}
	}
	if err := json.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	sections, err := docs.Sections(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	want := docstest.Search(sections, question)
	if got.Found != len(want) || len(got.Sections) != 10 || got.Topic.Document == "" {
		t.Fatalf("%d sections of %d, topic %+v; want %d", len(got.Sections), got.Found, got.Topic, len(want))
	}
	for i, s := range got.Sections {
		if math.Abs(s.Score-want[i].Score) > 1e-6 {
			t.Errorf("place %d is %+v, want %+v", i+1, s, want[i])
		}
	}
}
