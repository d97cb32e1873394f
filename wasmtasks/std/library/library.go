// Package library lists the standard tasks: their names, functions and types.
// One module carries them all, because a module costs each worker process of a
// node some thirty megabytes and a task in it next to nothing. The package promises to hold no logic.
package library

import (
	"github.com/krako-labs/krako/wasmtasks/entry"
	"github.com/krako-labs/krako/wasmtasks/std/date"
	"github.com/krako-labs/krako/wasmtasks/std/encode"
	"github.com/krako-labs/krako/wasmtasks/std/handler"
	"github.com/krako-labs/krako/wasmtasks/std/list"
	"github.com/krako-labs/krako/wasmtasks/std/logic"
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
		entry.Of("num/root@1", num.Root), entry.Of("num/factor@1", num.Factorize), entry.Of("num/gcd@1", num.GCD), entry.Of("num/sequence@1", num.Sequence),
		entry.Of("num/roman@1", num.Roman), entry.Of("num/words@1", num.Words), entry.Of("num/tip@1", num.Tip), entry.Of("num/tax@1", num.Tax),
		entry.Of("unit/convert@1", unit.NewConverter().Convert),
		entry.Of("date/add@1", date.Add), entry.Of("date/diff@1", date.Diff), entry.Of("date/weekday@1", date.Weekday), entry.Of("date/parse@1", date.Parse),
		entry.Of("date/zone@1", zone.Convert), entry.Of("cron/next@1", date.Cron),
		entry.Of("text/stats@1", text.Stats), entry.Of("text/case@1", text.Case), entry.Of("text/normalize@1", text.Normalize), entry.Of("text/sort@1", text.Sort),
		entry.Of("text/dedupe@1", text.Dedupe), entry.Of("text/diff@1", text.Diff), entry.Of("text/extract@1", text.NewExtractor().Extract),
		entry.Of("text/regex@1", text.Regex), entry.Of("text/template@1", text.Template),
		entry.Of("text/count@1", text.Count), entry.Of("text/replace@1", text.Replace), entry.Of("text/split@1", text.Split),
		entry.Of("list/set@1", list.Set), entry.Of("list/count@1", list.CountItems),
		entry.Of("logic/bool@1", logic.Bool), entry.Of("logic/truth@1", logic.Truth), entry.Of("logic/order@1", logic.Order), entry.Of("logic/track@1", logic.Track),
		entry.Of("logic/brackets@1", logic.Brackets), entry.Of("logic/walk@1", logic.Walk), entry.Of("logic/free@1", logic.Free),
		entry.Of("hash/digest@1", encode.Digest), entry.Of("encode/convert@1", encode.Convert),
		entry.Of("hash/hmac@1", encode.HMAC), entry.Of("hash/uuid@1", encode.UUID), entry.Of("encode/jwt@1", encode.JWT), entry.Of("encode/url@1", encode.URL),
		check("validate/email@1", validate.Email), check("validate/iban@1", validate.IBAN), check("validate/luhn@1", validate.Luhn),
		check("validate/isbn@1", validate.ISBN), check("validate/ip@1", validate.IP), check("validate/date@1", validate.Date),
		check("validate/phone@1", validate.Phone),
		entry.Of("ir/handle@1", handler.Handle),
	}
}
