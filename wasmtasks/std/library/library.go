// Package library lists the standard tasks: their names, functions and types.
// One module carries them all, because a module costs a node some ten megabytes
// and a task in it next to nothing. The package promises to hold no logic.
package library

import (
	"github.com/krako-labs/krako/wasmtasks/entry"
	"github.com/krako-labs/krako/wasmtasks/std/date"
	"github.com/krako-labs/krako/wasmtasks/std/encode"
	"github.com/krako-labs/krako/wasmtasks/std/num"
	"github.com/krako-labs/krako/wasmtasks/std/text"
	"github.com/krako-labs/krako/wasmtasks/std/unit"
	"github.com/krako-labs/krako/wasmtasks/std/validate"
	"github.com/krako-labs/krako/wasmtasks/std/zone"
)

func check(name string, c validate.Check) entry.Task { return entry.Of(name, validate.Bounded(c)) }

// Tasks returns all tasks, by family.
func Tasks() []entry.Task {
	return []entry.Task{
		entry.Of("num/eval@1", num.Eval), entry.Of("num/stats@1", num.Stats), entry.Of("num/base@1", num.Base), entry.Of("num/compound@1", num.Compound),
		entry.Of("num/loan@1", num.Loan), entry.Of("num/npv@1", num.NPV), entry.Of("num/change@1", num.Change),
		entry.Of("unit/convert@1", unit.NewConverter().Convert),
		entry.Of("date/add@1", date.Add), entry.Of("date/diff@1", date.Diff), entry.Of("date/weekday@1", date.Weekday), entry.Of("date/parse@1", date.Parse),
		entry.Of("date/zone@1", zone.Convert), entry.Of("cron/next@1", date.Cron),
		entry.Of("text/stats@1", text.Stats), entry.Of("text/case@1", text.Case), entry.Of("text/normalize@1", text.Normalize), entry.Of("text/sort@1", text.Sort),
		entry.Of("text/dedupe@1", text.Dedupe), entry.Of("text/diff@1", text.Diff), entry.Of("text/extract@1", text.NewExtractor().Extract),
		entry.Of("text/regex@1", text.Regex), entry.Of("text/template@1", text.Template),
		entry.Of("hash/digest@1", encode.Digest), entry.Of("encode/convert@1", encode.Convert),
		check("validate/email@1", validate.Email), check("validate/iban@1", validate.IBAN), check("validate/luhn@1", validate.Luhn),
		check("validate/isbn@1", validate.ISBN), check("validate/ip@1", validate.IP), check("validate/date@1", validate.Date),
		check("validate/phone@1", validate.Phone),
	}
}
