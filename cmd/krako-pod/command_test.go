package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestCheckPrintsNoSecret: neither the token nor the key of a server.
func TestCheckPrintsNoSecret(t *testing.T) {
	var out, problems bytes.Buffer
	args := []string{"--check", "--data-dir", t.TempDir(), "--mdns", "--attach", "http://127.0.0.1:8080", "--attach-key", "hush"}
	if code := run(t.Context(), args, &out, &problems); code != 0 || !strings.Contains(out.String(), "127.0.0.1:8080") || strings.Contains(out.String(), "hush") {
		t.Errorf("ended with %d:\n%s\n%s", code, &out, &problems)
	}
}
