package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/logs/accesslog"
	"github.com/krako-labs/krako/wasmtasks/sdk/sdktest"
)

func TestMain(m *testing.M) { sdktest.Main(m, main) }

func mount(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestChunksBecomeAReport(t *testing.T) {
	const line = `10.0.0.1 - - [27/Mar/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 7` + "\n"
	partials := t.TempDir()
	for name, chunk := range map[string]string{"p0": line + "garbage\n", "p1": line + line + "more\n"} {
		dir := t.TempDir()
		mount(t, dir, "chunk", []byte(chunk))
		partial, stderr, err := sdktest.Run(t, "map", `{}`, dir)
		if err != nil {
			t.Fatalf("map: %v: %s", err, stderr)
		}
		if !json.Valid(partial) {
			t.Fatalf("partial is not JSON: %s", partial)
		}
		mount(t, partials, name, partial)
	}
	out, stderr, err := sdktest.Run(t, "reduce", `{"examples":5,"top":5}`, partials)
	if err != nil {
		t.Fatalf("reduce: %v: %s", err, stderr)
	}
	var report accesslog.Report
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	if report.Lines != 5 || report.Bytes != 21 || len(report.MalformedLines) != 2 || report.MalformedLines[1].Line != 5 {
		t.Errorf("report %s", out)
	}
}

func TestFailuresNameWhatIsWrong(t *testing.T) {
	broken := t.TempDir()
	mount(t, broken, "p7", []byte("{"))
	for _, tc := range []struct{ name, entry, input, dir, want string }{
		{"no chunk", "map", `{}`, t.TempDir(), `blob "chunk": not mounted`},
		{"input for map", "map", `{"top":1}`, t.TempDir(), `unknown field "top"`},
		{"no partial", "reduce", `{"examples":5,"top":5}`, t.TempDir(), "no partial is mounted"},
		{"no options", "reduce", `{}`, broken, "top: 0 is not"},
		{"broken partial", "reduce", `{"examples":5,"top":5}`, broken, `partial "p7"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, stderr, err := sdktest.Run(t, tc.entry, tc.input, tc.dir)
			if err == nil || !strings.Contains(stderr, tc.want) || len(out) != 0 {
				t.Errorf("error %v, log %q, output %q", err, stderr, out)
			}
		})
	}
}
