package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestTasksAreDescribedAsTheyAre(t *testing.T) {
	in, err := os.Open("../examples.json")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var got bytes.Buffer
	if err := run(in, &got); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../tasks.json")
	if err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("tasks.json is not what the types and examples.json say (%v); run scripts/build-tasks", err)
	}
}

func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		`[]`: "0 tasks have examples", `{`: "read examples", `[{"tusk":1}]`: "tusk",
	} {
		if err := run(strings.NewReader(text), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
