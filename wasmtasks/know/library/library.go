// Package library lists the tasks of the module know: their names, functions and
// types. The package promises to hold no logic.
package library

import (
	"github.com/krako-labs/krako/wasmtasks/entry"
	"github.com/krako-labs/krako/wasmtasks/know/policy"
	"github.com/krako-labs/krako/wasmtasks/know/retrieval"
	"github.com/krako-labs/krako/wasmtasks/know/rules"
	"github.com/krako-labs/krako/wasmtasks/know/smallmodel"
)

// Tasks returns all tasks, by family.
func Tasks() []entry.Task {
	return []entry.Task{
		entry.OfBytes("retrieval/index@1", retrieval.MediaType, retrieval.Index), entry.Of("retrieval/search@1", retrieval.Search),
		entry.OfBytes("small_model/train@1", smallmodel.MediaType, smallmodel.Train),
		entry.Of("small_model/classify@1", smallmodel.Classify), entry.Of("small_model/classify-many@1", smallmodel.ClassifyMany),
		entry.Of("small_model/evaluate@1", smallmodel.Evaluate), entry.Of("small_model/inspect@1", smallmodel.Inspect),
		entry.Of("classify/rules@1", rules.Classify), entry.Of("policy/eval@1", policy.Eval),
	}
}
