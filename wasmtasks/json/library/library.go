// Package library lists the tasks that run jq and JSON Schema. They have a module
// of their own because these two are larger than everything else on documents, and
// a module may have 8 MiB. scripts/build-tasks builds it with one file of gojq
// replaced (overlay), which changes nothing but how jq's own definitions get into
// memory. The package promises to hold no logic.
package library

import (
	"github.com/krako-labs/krako/wasmtasks/entry"
	"github.com/krako-labs/krako/wasmtasks/json/program"
	"github.com/krako-labs/krako/wasmtasks/json/schema"
)

// Tasks returns all tasks.
func Tasks() []entry.Task {
	return []entry.Task{entry.Of("json/query@1", program.Query), entry.Of("json/validate@1", schema.Validate)}
}
