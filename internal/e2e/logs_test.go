package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/examples/logs"
	"github.com/krako-labs/krako/examples/logs/logstest"
)

// TestLogsMatchTheReference runs the command a user runs on a log of 100,000
// lines and compares its report with one computed independently from the text.
func TestLogsMatchTheReference(t *testing.T) {
	f := start(t, 3)
	var log bytes.Buffer
	if err := logs.Generate(&log, 3, 100_000); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	input, out := filepath.Join(dir, "access.log"), filepath.Join(dir, "report.json")
	if err := os.WriteFile(input, log.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	text := f.krako("run", "logs", "--input", input, "--out", out, "--chunk", "300000", "--top", "12")
	if !bytes.Contains([]byte(text), []byte("every signature verified")) {
		t.Errorf("the command does not say that signatures were verified:\n%s", text)
	}
	doc, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var got logstest.Report
	if err := json.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(logstest.Reference(log.Bytes(), 12, 5), got); d != "" {
		t.Errorf("report differs (-reference +krako):\n%s", d)
	}
}
