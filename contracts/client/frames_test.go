package client

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

// all reads every frame of b, and the error that is not the end.
func all(b []byte) (got []frame, err error) {
	for f := newFrames(bytes.NewReader(b)); ; {
		next, err := f.next()
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got = append(got, next)
	}
}

func TestFrames(t *testing.T) {
	got, err := all([]byte("retry: 5\n\n: comment\n\nid: 1\ndata: a\ndata:b\r\n\r\nid:2\nnonsense\n\nevent: end\ndata\n\nid: 3\ndata: cut\n"))
	want := []frame{{id: "1", data: []byte("a\nb")}, {name: "end"}}
	if err != nil || len(got) != 2 || !reflect.DeepEqual(got[0], want[0]) || got[1].name != "end" || len(got[1].data) != 0 {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func TestFramesAreBounded(t *testing.T) {
	line := "data: " + strings.Repeat("x", 1<<20) + "\n"
	for name, b := range map[string]string{"a line": "data: " + strings.Repeat("x", maxFrame), "lines": strings.Repeat(line, 5) + "\n"} {
		if got, err := all([]byte(b)); err == nil || len(got) > 0 {
			t.Errorf("%s: %d frames, %v", name, len(got), err)
		}
	}
}

func TestRecentForgets(t *testing.T) {
	var r recent
	name := func(i int) string { return string(rune('a')) + strings.Repeat("b", i) }
	for i := range len(r.ring) + 1 {
		if !r.add(name(i)) || r.add(name(i)) {
			t.Fatalf("the event %d is not remembered", i)
		}
	}
	if !r.add(name(0)) || len(r.ids) > len(r.ring) {
		t.Errorf("%d events are remembered", len(r.ids))
	}
}

// FuzzFrames wants that whatever arrives of a stream before it breaks is a
// beginning of its frames: nothing comes torn, early or twice.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("id: 1\ndata: {\"id\":\"1\"}\n\n: keep-alive\n\nevent: end\ndata: {}\n\n"), 20)
	f.Add([]byte("data\n\ndata:\r\n\r\n\n\nid\n"), 3)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		whole, err := all(b)
		if err != nil {
			return
		}
		part, err := all(b[:max(0, min(cut, len(b)))])
		if err != nil || len(part) > len(whole) || len(part) > 0 && !reflect.DeepEqual(part, whole[:len(part)]) {
			t.Errorf("cut at %d: %+v, %v is no beginning of %+v", cut, part, err, whole)
		}
	})
}
