// Package library lists the standard tasks: their names, functions and types.
// One module carries them all, because a module costs a node some ten megabytes
// and a task in it next to nothing. The package promises to hold no logic.
package library

import (
	"context"
	"reflect"

	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/date"
	"github.com/krako-labs/krako/wasmtasks/std/encode"
	"github.com/krako-labs/krako/wasmtasks/std/num"
	"github.com/krako-labs/krako/wasmtasks/std/text"
	"github.com/krako-labs/krako/wasmtasks/std/unit"
	"github.com/krako-labs/krako/wasmtasks/std/validate"
	"github.com/krako-labs/krako/wasmtasks/std/zone"
)

// Task is an entry of the module and the types of its input and output. An
// entry is called like its task, family/task@version, so that versions can live
// side by side.
type Task struct {
	Entry   sdk.Entry
	In, Out reflect.Type
}

func task[In, Out any](name string, run func(context.Context, In) (Out, error)) Task {
	return Task{sdk.Task(name, run), reflect.TypeFor[In](), reflect.TypeFor[Out]()}
}

func check(name string, c validate.Check) Task { return task(name, validate.Bounded(c)) }

// Tasks returns all tasks, by family.
func Tasks() []Task {
	return []Task{
		task("num/eval@1", num.Eval), task("num/stats@1", num.Stats), task("num/base@1", num.Base), task("num/compound@1", num.Compound),
		task("num/loan@1", num.Loan), task("num/npv@1", num.NPV), task("num/change@1", num.Change),
		task("unit/convert@1", unit.NewConverter().Convert),
		task("date/add@1", date.Add), task("date/diff@1", date.Diff), task("date/weekday@1", date.Weekday), task("date/parse@1", date.Parse),
		task("date/zone@1", zone.Convert), task("cron/next@1", date.Cron),
		task("text/stats@1", text.Stats), task("text/case@1", text.Case), task("text/normalize@1", text.Normalize), task("text/sort@1", text.Sort),
		task("text/dedupe@1", text.Dedupe), task("text/diff@1", text.Diff), task("text/extract@1", text.NewExtractor().Extract),
		task("text/regex@1", text.Regex), task("text/template@1", text.Template),
		task("hash/digest@1", encode.Digest), task("encode/convert@1", encode.Convert),
		check("validate/email@1", validate.Email), check("validate/iban@1", validate.IBAN), check("validate/luhn@1", validate.Luhn),
		check("validate/isbn@1", validate.ISBN), check("validate/ip@1", validate.IP), check("validate/date@1", validate.Date),
		check("validate/phone@1", validate.Phone),
	}
}
