package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestCheckPrintsNoSecret: not the key of an attached server.
func TestCheckPrintsNoSecret(t *testing.T) {
	var out, problems bytes.Buffer
	args := []string{"--check", "--data-dir", t.TempDir(), "--pod-attach", "http://127.0.0.1:8080", "--pod-attach-key", "hush"}
	if code := run(t.Context(), args, &out, &problems); code != 0 || !strings.Contains(out.String(), "127.0.0.1:8080") || strings.Contains(out.String(), "hush") {
		t.Errorf("ended with %d:\n%s\n%s", code, &out, &problems)
	}
}
