// Package library lists the tasks on documents and tables. They have a module of
// their own because YAML, TOML and they would make that of the standard tasks larger
// than a module may be. The package promises to hold no logic.
package library

import (
	"github.com/krako-labs/krako/wasmtasks/data/jsondoc"
	"github.com/krako-labs/krako/wasmtasks/data/table"
	"github.com/krako-labs/krako/wasmtasks/entry"
)

// Tasks returns all tasks, by family.
func Tasks() []entry.Task {
	return []entry.Task{
		entry.Of("json/diff@1", jsondoc.Diff),
		entry.Of("json/patch@1", jsondoc.Patch), entry.Of("json/merge@1", jsondoc.Merge), entry.Of("json/format@1", jsondoc.Format),
		entry.Of("json/convert@1", jsondoc.Convert), entry.Of("validate/json@1", jsondoc.Check),
		entry.Of("table/query@1", table.Query), entry.Of("table/aggregate@1", table.Aggregate), entry.Of("table/sort@1", table.Sort),
		entry.Of("table/join@1", table.Join), entry.Of("table/pivot@1", table.Pivot), entry.Of("table/profile@1", table.Profile),
		entry.Of("table/convert@1", table.Convert),
	}
}
