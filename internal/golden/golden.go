// Package golden compares what pure cores say with what is written down. A test
// plays the scripts in testdata and -update writes down what was said instead:
//
//	go test ./coordinator/session -run Transcripts -update
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the transcripts in testdata anew")

// rule stands between a script and its transcript.
const rule = "\n----\n"

// Transcripts plays the script of each file testdata/*.txt, what stands above its
// line of dashes, and compares what play returns with what stands below.
func Transcripts(t *testing.T, play func(t *testing.T, script string) string) {
	each(t, func(t *testing.T, text string) string {
		script, _, _ := strings.Cut(text, rule)
		return script + rule + play(t, script)
	})
}

// Stories has each file testdata/*.txt told again, and compares. tell returns the
// whole text: it keeps the inputs and writes what comes of each behind it.
func Stories(t *testing.T, tell func(t *testing.T, text string) string) { each(t, tell) }

func each(t *testing.T, write func(t *testing.T, text string) string) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing in testdata (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := write(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("%s says otherwise (-written +said):\n%s", file, d)
			}
		})
	}
}
