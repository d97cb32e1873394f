// Package library lists the tasks on documents and tables. They have a module of
// their own because JSON Schema, YAML and TOML would make that of the standard
// tasks larger than nodes take. The package promises to hold no logic.
package library

import (
	"github.com/krako-labs/krako/wasmtasks/data/jsondoc"
	"github.com/krako-labs/krako/wasmtasks/entry"
)

// Tasks returns all tasks, by family.
func Tasks() []entry.Task {
	return []entry.Task{
		entry.Of("json/validate@1", jsondoc.Validate), entry.Of("json/diff@1", jsondoc.Diff),
		entry.Of("json/patch@1", jsondoc.Patch), entry.Of("json/merge@1", jsondoc.Merge), entry.Of("json/format@1", jsondoc.Format),
		entry.Of("validate/json@1", jsondoc.Check),
	}
}
