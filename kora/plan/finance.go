package plan

import (
	"math/big"
	"strconv"
	"strings"
)

// financeRules read interest, taxes, and bills that are split.
var financeRules = []rule{
	newRule("num.split_bill", splitBill,
		"split [a|the] {x:amount} [bill|check|tab|dinner] (between|among|with|by) {n:integer} [people|friends|ways|of us] with [a] {p:number} (%|percent) tip", "split [a|the] {x:amount} [bill|check|tab] with [a] {p:number} (%|percent) tip (between|among|by) {n:integer} [people|friends|ways|of us]",
		"split [a|the] {x:amount} [bill|check|tab] [evenly|equally] (between|among|with|by) {n:integer} [people|friends|ways|of us] [evenly|equally]"),
	newRule("num.with_tip", withTip, "<what> {x:amount} (plus|with|and|+) [a] {p:number} (%|percent) tip", "<what> [the] total (for|of|on) [a] {x:amount} [bill|check|meal] (plus|with|including) [a] {p:number} (%|percent) tip"),
	newRule("num.tax", taxOn,
		"<what> [the] {p:number} (%|percent) (tax|sales tax|vat|gst) (on|of|for) {x:amount}", "how much (tax|sales tax|vat) is {p:number} (%|percent) (on|of) {x:amount}"),
	newRule("num.with_tax", withTax,
		"add {p:number} (%|percent) (tax|sales tax|vat|gst) to {x:amount}", "<what> {x:amount} (plus|with|including|+) {p:number} (%|percent) (tax|sales tax|vat|gst)", "<what> [the] (total|price) of {x:amount} (plus|with|including|+) {p:number} (%|percent) (tax|sales tax|vat|gst)"),
	newRule("num.without_tax", withoutTax, "<what> {x:amount} (without|excluding|minus|less|before|net of) {p:number} (%|percent) (tax|sales tax|vat|gst)", "remove {p:number} (%|percent) (tax|sales tax|vat|gst) from {x:amount}"),
	newRule("num.compound", compound,
		"<what> [the] compound interest (on|of|for) {x:amount} at {p:number} (%|percent) [interest] [per year|a year|annually|per annum] (for|over|after) {n:integer} (years|year) [compounded {k:compounding}|compounding {k:compounding}]"),
	newRule("num.grows", grows,
		"<what> {x:amount} (invested at|at|worth at|growing at) {p:number} (%|percent) [interest] [per year|a year|annually] (for|over|after) {n:integer} (years|year) (compounded|compounding) {k:compounding} [worth]",
		"how much (will|would|is) {x:amount} [be|be worth|become|grow to] at {p:number} (%|percent) [interest] compounded {k:compounding} (for|over|after) {n:integer} (years|year) [be|be worth]"),
	newRule("num.simple_interest", simpleInterest,
		"<what> [the] simple interest (on|of|for) {x:amount} at {p:number} (%|percent) [interest] [per year|a year|annually|per annum] (for|over|after) {n:number} (years|year)"),
	newRule("num.loan", loan,
		"<what> [the] monthly payment (on|for|of) [a] {x:amount} [loan|mortgage] at {p:number} (%|percent) [interest|apr] [per year|a year] (for|over) {n:integer} (years|year|months|month)"),
}

// cents are rounding and digits of money.
func cents(in map[string]any) map[string]any {
	in["digits"], in["rounding"] = 2, "half_even"
	return in
}

func splitBill(_ *context, v values) ([]step, bool) {
	n, err := strconv.Atoi(num(v, "n"))
	p := num(v, "p")
	if err != nil || n < 1 || n > 1000 {
		return nil, false
	}
	if p == "" {
		p = "0"
	}
	return []step{
		{task: "num/tip@1", reading: "bill split", input: cents(map[string]any{"amount": num(v, "x"), "tip_percent": p, "people": n})},
		query(`.out.shares as $s | if ($s | unique | length) == 1 then $s[0] else $s | group_by(.) | reverse | map("\(length) x \(.[0])") | join(" and ") end`, "", num(v, "x")+" with "+p+" % among "+num(v, "n")),
	}, true
}

func withTip(_ *context, v values) ([]step, bool) {
	return one(step{task: "num/tip@1", reading: num(v, "x") + " and " + num(v, "p") + " %", answer: "{{out.total}}", input: cents(map[string]any{"amount": num(v, "x"), "tip_percent": num(v, "p"), "people": 1})})
}

func taxOn(_ *context, v values) ([]step, bool)      { return tax(v, false, "tax") }
func withTax(_ *context, v values) ([]step, bool)    { return tax(v, false, "gross") }
func withoutTax(_ *context, v values) ([]step, bool) { return tax(v, true, "net") }

func tax(v values, included bool, member string) ([]step, bool) {
	return one(step{
		task: "num/tax@1", reading: member + " of " + num(v, "x") + " at " + num(v, "p") + " %", answer: "{{out." + member + "}}",
		input: cents(map[string]any{"amount": num(v, "x"), "rate_percent": num(v, "p"), "included": included}),
	})
}

// compoundings are the periods of a year.
var compoundings = map[string]int64{
	"annually": 1, "yearly": 1, "semiannually": 2, "quarterly": 4, "monthly": 12, "weekly": 52, "daily": 365,
}

func readCompounding(m *matcher, from int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && compoundings[m.tokens[from].text] > 0 {
		return yield(from+1, compoundings[m.tokens[from].text])
	}
	return true
}

func compound(_ *context, v values) ([]step, bool) { return compounded(v, "interest") }
func grows(_ *context, v values) ([]step, bool)    { return compounded(v, "amount") }

func compounded(v values, member string) ([]step, bool) {
	per := max(1, get[int64](v, "k"))
	years, err := strconv.ParseInt(num(v, "n"), 10, 64)
	rate, ok := perPeriod(num(v, "p"), per)
	if err != nil || !ok || years < 1 || years*per > 5000 {
		return nil, false
	}
	return one(step{
		task: "num/compound@1", reading: member + " of " + num(v, "x") + " at " + num(v, "p") + " %, " + num(v, "n") + " years", answer: "{{out." + member + "}}",
		input: cents(map[string]any{"principal": num(v, "x"), "rate_percent_per_period": rate, "periods": years * per, "round_each": false}),
	})
}

// perPeriod is the rate of a period as a decimal number with up to 30 digits, ok
// only where that is exact or the rate a year's.
func perPeriod(rate string, per int64) (string, bool) {
	r, ok := new(big.Rat).SetString(rate)
	if !ok {
		return "", false
	}
	r.Quo(r, new(big.Rat).SetInt64(per))
	s := r.FloatString(30)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), "."), true
}

func simpleInterest(_ *context, v values) ([]step, bool) {
	return one(arithmetic("(" + num(v, "x") + ") * (" + num(v, "p") + " / 100) * (" + num(v, "n") + ")"))
}

func loan(c *context, v values) ([]step, bool) {
	n, err := strconv.Atoi(num(v, "n"))
	if strings.Contains(fold(c.req.Message), "year") {
		n *= 12
	}
	rate, ok := perPeriod(num(v, "p"), 12)
	if err != nil || !ok || n < 1 || n > 600 {
		return nil, false
	}
	return one(step{
		task: "num/loan@1", reading: "payment of " + num(v, "x") + " in " + strconv.Itoa(n) + " months", answer: "{{out.payment}}",
		input: cents(map[string]any{"principal": num(v, "x"), "rate_percent_per_period": rate, "periods": n}),
	})
}
