package handler

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestHandle(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"input before arguments", `{"handler":"echo","id":"a","in":{"message":1},"args":{"message":2}}`, `{"message":1,"status":"ok","task_id":"a"}`},
		{"null is no message", `{"handler":"echo","id":"a","in":{"message":null},"args":{"message":2}}`, `{"message":2,"status":"ok","task_id":"a"}`},
		{"no message at all", `{"handler":"echo","id":"a","in":{}}`, `{"message":null,"status":"ok","task_id":"a"}`},
		{"characters, not bytes", `{"handler":"classify_simple","id":"a","in":{"text":"` + strings.Repeat("é", 79) + `"}}`, `{"is_simple":true,"status":"ok","task_id":"a"}`},
		{"eighty are not simple", `{"handler":"classify_simple","id":"a","in":{"text":"` + strings.Repeat("é", 80) + `"}}`, `{"is_simple":false,"status":"ok","task_id":"a"}`},
		{"what is no text is JSON", `{"handler":"classify_simple","id":"a","in":{"text":[1,2]}}`, `{"is_simple":true,"status":"ok","task_id":"a"}`},
		{"no text", `{"handler":"classify_simple","id":"a"}`, `{"is_simple":true,"status":"ok","task_id":"a"}`},
		{"recovered", `{"handler":"flaky_once","id":"a","attempt":2}`, `{"message":"recovered","status":"ok","task_id":"a"}`},
		{"the input itself", `{"handler":"det.echo","in":{"b":[1]}}`, `{"b":[1]}`},
		{"nothing", `{"handler":"constant"}`, `null`},
		{"marks of markup", `{"handler":"echo","id":"<&>","in":{"message":"<&>"}}`, `{"message":"<&>","status":"ok","task_id":"\u003c\u0026\u003e"}`},
		{"equal", `{"handler":"skip_if","deps":{"p":[{"x":"y"}]},"key":"x","equals":"y"}`, `true`},
		{"not equal", `{"handler":"skip_if","deps":{"p":[{"x":"z"}]},"key":"x","equals":"y"}`, `false`},
		{"true is 1", `{"handler":"skip_if","deps":{"p":[{"x":true}]},"key":"x","equals":1}`, `true`},
		{"0 is false", `{"handler":"skip_if","deps":{"p":[{"x":0}]},"key":"x","equals":false}`, `true`},
		{"what is absent is null", `{"handler":"skip_if","deps":{"p":[{}]},"key":"x","equals":null}`, `true`},
		{"and so is no value", `{"handler":"skip_if","deps":{"p":[{}]},"key":"x"}`, `true`},
		{"the first that is there", `{"handler":"skip_if","deps":{"p":[null,{"x":1},{"x":2}]},"key":"x","equals":2}`, `false`},
		{"any dependency", `{"handler":"skip_if","deps":{"p":[{"x":1}],"q":[{"x":2}]},"key":"x","equals":2}`, `true`},
		{"a list has no members", `{"handler":"skip_if","deps":{"p":[[1]]},"key":"x"}`, `false`},
		{"no key", `{"handler":"skip_if","deps":{"p":[{"":1}]},"key":"","equals":1}`, `false`},
		{"objects", `{"handler":"skip_if","deps":{"p":[{"x":{"a":[true]}}]},"key":"x","equals":{"a":[true]}}`, `true`},
	} {
		var in Input
		if err := json.Unmarshal([]byte(c.in), &in); err != nil {
			t.Fatal(err)
		}
		out, err := Handle(t.Context(), in)
		if err != nil || string(out.Results[0]) != c.want {
			t.Errorf("%s: %s, %v, want %s", c.name, out.Results, err, c.want)
		}
	}
	for _, in := range []Input{{Handler: "flaky_once", Attempt: 1}, {Handler: "no.such"}, {}} {
		if out, err := Handle(t.Context(), in); err == nil {
			t.Errorf("%+v gives %s", in, out.Results)
		}
	}
}
