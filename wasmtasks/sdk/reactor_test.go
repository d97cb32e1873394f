package sdk

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"unsafe"
)

func newReactor(log *bytes.Buffer, media *[]string, entries ...Entry) *reactor {
	blobs := fstest.MapFS{"a": {Data: []byte("\x00\xff")}}
	r := &reactor{
		entries: entries, ctx: NewContext(context.Background(), blobs, log),
		declare: func(mediaType string) { *media = append(*media, mediaType) },
	}
	r.warm()
	return r
}

// call does what a host does.
func (r *reactor) call(entry, input string) (answer string, failed bool) {
	envelope := `{"entry":"` + entry + `","input":` + input + `}`
	b := r.alloc(uint32(len(envelope)))
	copy(b, envelope)
	out, failed := r.run(b)
	return string(out), failed
}

func TestReactorABI(t *testing.T) {
	var log bytes.Buffer
	var media []string
	crash := Task("crash", func(context.Context, struct{}) (int, error) { panic("on purpose") })
	r := newReactor(&log, &media, Task("greet", greet), Task("echo", echo), crash)
	for _, tc := range []struct {
		name, entry, input, answer string
		failed                     bool
		log                        string
	}{
		{"json", "greet", `{"name":"a","times":1}`, `{"text":"hello <a>"}`, false, ""},
		{"bytes", "echo", `{"blob":"a"}`, "\x00\xff", false, "echo a"},
		{"failure", "greet", `{}`, "times: must be positive", true, ""},
		{"unknown entry", "great", `{}`, `no entry "great", this program has ["greet" "echo" "crash"]`, true, ""},
		{"panic", "crash", `{}`, "panic: on purpose", true, "reactor_test.go"},
		{"after a panic", "greet", `{"name":"b","times":1}`, `{"text":"hello <b>"}`, false, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			log.Reset()
			answer, failed := r.call(tc.entry, tc.input)
			if answer != tc.answer || failed != tc.failed || !strings.Contains(log.String(), tc.log) {
				t.Errorf("%q, failed %v, log %q; want %q, %v, %q", answer, failed, log.String(), tc.answer, tc.failed, tc.log)
			}
		})
	}
	if len(media) != 1 || media[0] != "application/octet-stream" {
		t.Errorf("declared %q, want the one type that is not JSON", media)
	}
	if answer, failed := r.run([]byte("{}")); !failed || string(answer) != errEnvelope.Error() {
		t.Errorf("envelope {}: %q, failed %v", answer, failed)
	}
}

func TestReactorAllocatesLongInputsOnly(t *testing.T) {
	r := &reactor{}
	for _, tc := range []struct {
		size  uint32
		arena bool
	}{{0, true}, {10, true}, {arenaBytes, true}, {arenaBytes + 1, false}} {
		b := r.alloc(tc.size)
		if got := unsafe.SliceData(b) == &r.arena[0]; uint32(len(b)) != tc.size || got != tc.arena {
			t.Errorf("alloc(%d): %d bytes, in the arena: %v", tc.size, len(b), got)
		}
	}
}

type panicky struct{ p *int }

func (v panicky) MarshalJSON() ([]byte, error) { return []byte{byte(*v.p)}, nil }

func TestWarmingRunsNoTask(t *testing.T) {
	ran := 0
	note := func() { ran++ }
	r := &reactor{entries: []Entry{
		Task("int", func(context.Context, int) (int, error) { note(); return 0, nil }),
		Task("panicky", func(context.Context, panicky) (int, error) { note(); return 0, nil }),
		Task("impossible", func(context.Context, chan int) (func(), error) { note(); return nil, nil }),
		Task("bytes", func(context.Context, *greeting) (Bytes, error) { note(); return Bytes{}, nil }),
	}}
	r.warm()
	if ran != 0 {
		t.Errorf("%d tasks were run", ran)
	}
}
