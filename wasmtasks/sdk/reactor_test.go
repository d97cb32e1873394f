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

// TestExamplesRunBeforeUnits holds a reactor to what a snapshot is to have: what a
// task builds once.
func TestExamplesRunBeforeUnits(t *testing.T) {
	var log bytes.Buffer
	var media []string
	var ran []string
	task := func(ctx context.Context, in greeting) (string, error) {
		ran = append(ran, in.Name)
		Logf(ctx, "ran")
		return in.Name, nil
	}
	crash := func(context.Context, greeting) (string, error) { panic("an example that fails") }
	inputs := Examples([]byte(`[{"task":"a","type":"x","examples":[{"input":{"name":"blob"},"blobs":{"b":"x"}},{"input":{"name":"wrong"},"error":"E"},
		{"name":"n","input":{"name":"first","times":1},"output":"x"},{"input":{"name":"second"}}]},{"task":"b","examples":[{"input":{"name":"x"},"blobs_from":{}}]}]`))
	if len(inputs) != 2 || string(inputs["a"]) != `{"name":"first","times":1}` || inputs["b"] != nil {
		t.Errorf("inputs %q", inputs)
	}
	r := newReactor(&log, &media, Task("a", task).WithExample(inputs["a"]), Task("b", task).WithExample(inputs["b"]), Task("c", crash).WithExample([]byte(`{}`)))
	if strings.Join(ran, " ") != "first first" || log.Len() > 0 {
		t.Errorf("ran %q, logged %q; want the example twice, around a collection", ran, log.String())
	}
	if answer, failed := r.call("b", `{"name":"unit"}`); failed || answer != `"unit"` {
		t.Errorf("%q, failed %v", answer, failed)
	}
}

func TestExamplesOfNoDescription(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Examples([]byte(`[{"task":"a","examples":{}}]`))
}
