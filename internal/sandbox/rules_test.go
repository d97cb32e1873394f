package sandbox_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	ruleStart = regexp.MustCompile(`(?m)^(\d+(?:\.\d+)+) `)
	ruleTests = regexp.MustCompile("(?m)^\\| (\\d+(?:\\.\\d+)+) \\| ((?:`Test\\w+` ?)+)\\|$")
	testName  = regexp.MustCompile(`Test\w+`)
	testStart = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

// TestRulesAreTied holds the table of tests at the end of each specification to
// the rules before it and to the tests there are.
func TestRulesAreTied(t *testing.T) {
	for file, dir := range map[string]string{"det-1.md": ".", "det-1-metering.md": "rewrite"} {
		text, table, ok := strings.Cut(string(guestFile(t, "../../docs/spec/"+file)), "\n| rule | tests |\n")
		if !ok {
			t.Fatalf("%s has no table of tests", file)
		}
		tests, named := testsOf(t, dir), map[string]bool{}
		for _, row := range ruleTests.FindAllStringSubmatch(table, -1) {
			if named[row[1]] {
				t.Errorf("%s: rule %s has two lines", file, row[1])
			}
			named[row[1]] = true
			for _, test := range testName.FindAllString(row[2], -1) {
				if !tests[test] {
					t.Errorf("%s: rule %s names %s, which is not in internal/sandbox/%s", file, row[1], test, dir)
				}
			}
		}
		rules := ruleStart.FindAllStringSubmatch(text, -1)
		for _, rule := range rules {
			if !named[rule[1]] {
				t.Errorf("%s: rule %s has no test", file, rule[1])
			}
			delete(named, rule[1])
		}
		for rule := range named {
			t.Errorf("%s: there is no rule %s", file, rule)
		}
		if len(rules) < 20 {
			t.Errorf("%s: only %d rules were found", file, len(rules))
		}
	}
}

// testsOf are the tests in a directory.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range testStart.FindAllStringSubmatch(string(source), -1) {
			all[match[1]] = true
		}
	}
	return all
}
