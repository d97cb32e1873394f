package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestTasksAreDescribedAsTheyAre(t *testing.T) {
	for module := range libraries() {
		in, err := os.Open("../" + module + "/examples.json")
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		var got bytes.Buffer
		if err := run([]string{module}, in, &got); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile("../" + module + "/tasks.json")
		if err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s/tasks.json is not what the types and examples.json say (%v); run scripts/build-tasks", module, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		`[]`: "0 tasks have examples", `{`: "read examples", `[{"tusk":1}]`: "tusk",
	} {
		if err := run([]string{"std"}, strings.NewReader(text), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := run([]string{"noop"}, strings.NewReader("[]"), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "std") {
		t.Errorf("a module without a library: %v", err)
	}
}
