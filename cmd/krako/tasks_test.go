package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

func TestShowTask(t *testing.T) {
	var out bytes.Buffer
	a := &app{stdout: &out}
	tasks := []contracts.TaskView{{Task: "a/other@1"}, {
		Task: "a/b@1", Type: contracts.Retrieval, Module: contracts.Link{Cid: dagcbor.RawCID(nil)}, Description: "Finds things.",
		MediaType: "text/plain", Input: "{k}", Blobs: "index: of the things", InputSchema: contracts.JSON(`{"type":"object"}`),
		Examples: []contracts.TaskExample{{Name: "two", Input: contracts.JSON(`{"k":2}`), Error: contracts.CodeExitNonzero}},
	}}
	if err := a.showTask(tasks, "a/b@1"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"a/b@1\nFinds things.\n", "unit type  retrieval\n", "module     bafkrei", "input      {k}\n", "blobs      index: of the things\n",
		"output     text/plain\n", "input schema\n{\n  \"type\": \"object\"\n}\n", "example: two\n", `"error": "EXIT_NONZERO"`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "output schema") {
		t.Errorf("shows a schema that there is none of:\n%s", out.String())
	}
	if err := a.showTask(tasks, "a/b@2"); err == nil || contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("a/b@2: %v", err)
	}
	out.Reset()
	if err := a.listTasks(tasks); err != nil || !strings.Contains(out.String(), "a/b@1      retrieval  text/plain  Finds things.\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
