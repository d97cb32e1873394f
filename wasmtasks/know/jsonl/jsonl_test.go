package jsonl

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
)

type point struct{ X, Y int }

func TestEach(t *testing.T) {
	var got []string
	note := func(line string, p point) error { got = append(got, fmt.Sprint(line, p)); return nil }
	if err := Each(strings.NewReader("{\"X\":1}\n\n \t\r\n{\"Y\":2}\r\n{}"), "points", 3, note); err != nil {
		t.Fatal(err)
	}
	if want := "[points[0]{1 0} points[3]{0 2} points[4]{0 0}]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestEachRefuses(t *testing.T) {
	ignore := func(string, point) error { return nil }
	for text, want := range map[string]string{
		"{}\n{}\n{}\n{}": "points: has more than 3 lines", "{}\n{\"Z\":1}": `points[1]: json: unknown field "Z"`, "{} {}": "points[0]: more than one value",
		"{": "points[0]: unexpected EOF", `"` + strings.Repeat("x", MaxLine) + `"`: "points: has a line of more than",
	} {
		if err := Each(strings.NewReader(text), "points", 3, ignore); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
	broken, ended := errors.New("broken"), errors.New("ended")
	if err := Each(iotest.ErrReader(broken), "points", 3, ignore); !errors.Is(err, broken) {
		t.Errorf("a broken blob: %v", err)
	}
	if err := Each(strings.NewReader("{}\n{}"), "points", 3, func(string, point) error { return ended }); !errors.Is(err, ended) {
		t.Errorf("the callee's error: %v", err)
	}
}
