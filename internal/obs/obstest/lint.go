package obstest

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// Lint holds what a program tells Prometheus to the conventions of names and units,
// and its own figures to labels of few values: labels says how many each may have.
func Lint(t testing.TB, text []byte, labels map[string]int) {
	t.Helper()
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("metric %s: %s", p.Metric, p.Text)
	}
	values := map[string]map[string]bool{}
	pair := regexp.MustCompile(`([A-Za-z_]+)="([^"]*)"`)
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "krako_") {
			continue
		}
		for _, m := range pair.FindAllStringSubmatch(line, -1) {
			if values[m[1]] == nil {
				values[m[1]] = map[string]bool{}
			}
			values[m[1]][m[2]] = true
		}
	}
	for label, of := range values {
		if len(of) > labels[label] {
			t.Errorf("label %s has %d values, %d may be: %v", label, len(of), labels[label], of)
		}
	}
}
