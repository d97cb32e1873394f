package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/internal/sandbox"
)

func TestCommandEchoesInput(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	m := admit(t, s, probe(t))
	o := run(t, s, job(m, "echo", `{"a":[1,2.5,"x"]}`))
	wantCode(t, o, "")
	if got := strings.TrimSpace(string(o.Output)); got != `{"a":[1,2.5,"x"]}` || o.MediaType != "application/json" {
		t.Errorf("output = %s of %s", got, o.MediaType)
	}
	if o.MemoryPages == 0 || m.ABI() != sandbox.ABICommand {
		t.Errorf("pages = %d, abi = %v", o.MemoryPages, m.ABI())
	}
}

func TestGuestSeesOnlyTheProfile(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	o := run(t, s, job(admit(t, s, probe(t)), "world", `null`))
	wantCode(t, o, "")
	var got map[string]any
	if err := json.Unmarshal(o.Output, &got); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got["time"].(string), "2026-01-01T00:00:0") {
		t.Errorf("time = %v, want shortly after the epoch", got["time"])
	}
	delete(got, "time")
	delete(got, "random")
	want := map[string]any{
		"args": []any{"krako", "world"}, "env": []any{}, "host": "wasip1", "wd": "/",
		"forward": true, "pid": 3.0, "zone": "Local",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSleepTakesVirtualTime(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	o := run(t, s, job(admit(t, s, probe(t)), "sleep", `null`))
	wantCode(t, o, "")
	if got := strings.TrimSpace(string(o.Output)); got != `{"hours":5,"order":[4,3,2,1,0]}` {
		t.Errorf("output = %s", got)
	}
}

func TestBlobsAreFiles(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	j := job(admit(t, s, probe(t)), "files", `null`)
	j.Blobs = map[string][]byte{"a": []byte("alpha"), "b": []byte("beta"), "z.bin": {}}
	o := run(t, s, j)
	wantCode(t, o, "")
	want := `{"at":"lp","seen":{"a":"alpha","b":"beta","z.bin":""},"size":5,"tail":"ha"}`
	if got := strings.TrimSpace(string(o.Output)); got != want {
		t.Errorf("output = %s, want %s", got, want)
	}
}

func TestReactor(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	m := admit(t, s, reactor(t))
	if m.ABI() != sandbox.ABIReactor {
		t.Fatalf("abi = %v", m.ABI())
	}
	o := run(t, s, job(m, "sum", `{"name":"n","values":[1,2,3.5]}`))
	wantCode(t, o, "")
	if got := string(o.Output); got != `{"count":3,"name":"n","sum":6.5}` {
		t.Errorf("output = %s", got)
	}

	j := job(m, "blob", `{"name":"greeting"}`)
	j.Blobs = map[string][]byte{"greeting": []byte("hello")}
	o = run(t, s, j)
	wantCode(t, o, "")
	if string(o.Output) != "ello" || o.MediaType != "text/plain; charset=utf-8" {
		t.Errorf("output = %q of %s", o.Output, o.MediaType)
	}
}

func TestReactorKeepsNoState(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	m := admit(t, s, reactor(t))
	var seen []map[string]any
	for _, input := range []string{`{"name":"one"}`, `{"name":"two"}`, `{"name":"one"}`} {
		o := run(t, s, job(m, "state", input))
		wantCode(t, o, "")
		var v map[string]any
		if err := json.Unmarshal(o.Output, &v); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, v)
	}
	if d := cmp.Diff(seen[0], seen[2]); d != "" {
		t.Errorf("equal units differ: %s", d)
	}
	if seen[1]["calls"] != 1.0 || seen[1]["born"] != seen[0]["born"] {
		t.Errorf("a second unit sees a first: %v after %v", seen[1], seen[0])
	}
	if seen[1]["random"] == seen[0]["random"] {
		t.Errorf("different units drew equal random bytes: %v", seen[1])
	}
}
