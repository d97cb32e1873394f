// Package library lists the one task that runs jq. It has a module of its own
// because jq is as large as everything else on documents, and a module may have
// 8 MiB. scripts/build-tasks builds it with one file of gojq replaced (overlay), which
// changes nothing but how jq's own definitions get into memory. The package promises to hold no logic.
package library

import (
	"github.com/krako-labs/krako/wasmtasks/entry"
	"github.com/krako-labs/krako/wasmtasks/jq/program"
)

// Tasks returns all tasks.
func Tasks() []entry.Task { return []entry.Task{entry.Of("json/query@1", program.Query)} }
