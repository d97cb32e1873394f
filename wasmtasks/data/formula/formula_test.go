package formula

import (
	"strings"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
)

var (
	columns = []string{"price", "qty", "city", "note", "first name", "n", "ok", "day", "word"}
	row     = []cell.Cell{
		cell.OfField("10.50"), cell.OfField("9"), cell.OfField("Roma"), {}, cell.OfField("Ann"),
		{Kind: cell.Number, Text: "3"}, cell.OfBool(true), cell.OfField("2026-03-01"), cell.OfField("n/a"),
	}
)

// The values are those of SQLite, where it has the operator, with typed columns
// and two truth values.
func TestValues(t *testing.T) {
	for text, want := range map[string]string{
		"price * qty": "189/2", "price > 9": "true", "price > qty": "true", "qty < '10'": "false", "city = 'Roma'": "true", "city <> 'Roma'": "false", "qty = 9.0": "true", "word > 'm'": "true",
		"note is missing": "true", "note is not null": "false", "note = 'x'": "false", "note != 'x'": "true", "note + 1": "", "note < 1": "false", "not (note < 1)": "true", "word = 3": "false", "word != 3": "true",
		"city in ('Oslo', 'Roma')": "true", "qty in (8, 9)": "true", "qty not in (8)": "true", "price between 10 and 11": "true", "price not between 1 and 2": "true",
		"city like 'R%'": "true", "city like 'r%'": "false", "city not like '_om_'": "false", `"first name" || '-' || city`: "Ann-Roma", "`first name`": "Ann", "1+2*3": "7", "(1+2)*3": "9",
		"-price": "-21/2", "- - 2": "2", "7 mod 3": "1", "-7 % 3": "2", "7/2": "7/2", "true or price > 1": "true", "false and ok": "false", "ok": "true", "not ok": "false", "ok = true": "true",
		"2 > 1 and 1 > 2 or true": "true", "upper(city)": "ROMA", "length('día')": "3", "round(price / 4, 2)": "131/50", "round(2.5)": "2", "floor(-1.5)": "-2", "ceil(1.2)": "2", "abs(-3)": "3",
		"year(day) * 100 + month(day)": "202603", "contains(city, 'om')": "true", "matches(city, '^R.m')": "true", "substr(city, 2, 2)": "om", "substr(city, 3)": "ma", "coalesce(note, word)": "n/a",
		"if(price > 10, 'dear', 'cheap')": "dear", "replace(city, 'o', '0')": "R0ma", "lower(note)": "", "number('1e3')": "", "'it''s'": "it's", "n = 3": "true", "n = '3'": "false", "QTY": "?", "1e3": "1e3",
		"'2026-01-01' < day": "true", "NOT FALSE AND TRUE": "true", "trim('  a ')": "a", "starts_with(city, 'Ro') and ends_with(city, 'ma')": "true",
	} {
		f, err := Compile(text, columns)
		if want == "?" {
			if err == nil {
				t.Errorf("%s compiles", text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := f.Value(row)
		if text == "number('1e3')" {
			if err == nil || !strings.Contains(err.Error(), "not a number") {
				t.Errorf("%s = %v, %v", text, got, err)
			}
			continue
		}
		if err != nil || got.String() != want {
			t.Errorf("%s = %q, %v, want %q", text, got.String(), err, want)
		}
	}
}

func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		"": "ends", "price >": "ends", "price 1": `unexpected "1"`, "cost > 1": `no column "cost"`, `city = "Roma"`: "single quotes", "(1": "where \")\"", "f(1)": "no function", "round()": "wants 1 to 2",
		"'a": "closing", "price = = 1": "unexpected", "city in ()": "list", "city like 3": "like wants", "matches(city, '(')": "missing closing", "matches(city, word)": "single quotes", "1..2": "not a number", "a; b": "unexpected",
		strings.Repeat("(", 200) + "1": "deep", strings.Repeat("not ", 200) + "ok": "deep", strings.Repeat("-", 200) + "1": "deep", strings.Repeat(" ", MaxLength+1): "longer", "price is 3": "missing belongs", "not": "ends", "city not 3": "where in",
	} {
		if _, err := Compile(text, columns); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v, want one about %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"word > 3": "not a number", "word + 1": "not a number", "1 / (n - 3)": "division by zero", "word and ok": "not true or false", "year(word)": "date", "round(1, 999)": "whole number", "false and word > 3": "not a number",
		strings.Repeat("1e999*", 70) + "1": "65536 bits",
	} {
		f, err := Compile(text, columns)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if c, err := f.Value(row); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s = %v, %v, want a fault with %q", text, c, err, want)
		}
	}
}

// FuzzCompile checks that no text breaks the parser, and that parentheses around
// the whole change nothing.
func FuzzCompile(f *testing.F) {
	f.Add("price * qty > 9 and not city in ('a', 'b') or note is missing")
	f.Add("if(ok, -n mod 2, round(price, 1)) || 'x'")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := Compile(text, columns)
		if err != nil {
			return
		}
		b, err := Compile("("+text+")", columns)
		if err != nil {
			return // one level or one byte too many
		}
		x, errX := a.Value(row)
		y, errY := b.Value(row)
		if (errX == nil) != (errY == nil) || errX == nil && x.Key() != y.Key() {
			t.Errorf("%q = %v, %v; in parentheses %v, %v", text, x, errX, y, errY)
		}
	})
}
