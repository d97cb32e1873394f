package plan

import (
	"regexp"
	"strings"
)

// unitRules read conversions of units.
var unitRules = []rule{
	newRule("unit.convert", convertUnit,
		"[convert|change|what is|what's|whats|how much is|turn|what are|how about|express|translate|give] {x:quantity} [of] {a:unit} (to|in|into|as|converted to|expressed in) {b:unit} [is|equal]",
		"how many {b:unit} [is|are|in|are in|are there in|make|makes|make up|equal|would be|does|go into|can fit in|do|fit in|are equal to|are equivalent to|equals] [there in|in] {x:quantity} [of] {a:unit} [equal|make|have]",
		"what [amount of|number of] {b:unit} (is|are|are in) {x:quantity} {a:unit}", "how (much|many) is {x:quantity} {a:unit} in {b:unit}", "<what> [the] [total] (number|amount) of {b:unit} in {x:quantity} {a:unit}",
		"what (is|are|would) {x:quantity} {a:unit} [be] in {b:unit}", "{x:quantity} {a:unit} (is|are|equals|=) [equal to] (how many|what in) {b:unit}", "{x:quantity} {a:unit} {b:unit} conversion",
		"if i have {x:quantity} {a:unit} [,] how many {b:unit} (is|do i have in) (that|it|)", "how (do|would|can) (i|you) (convert|change|turn) {x:quantity} {a:unit} (to|into|in) {b:unit}", "how (far|long|heavy|hot|cold|fast|tall|much) is {x:quantity} {a:unit} in {b:unit}",
		"what {x:quantity} {a:unit} (in|to) {b:unit} is", "<what> the (equivalent of|conversion of|conversion for) {x:quantity} {a:unit} (to|in) {b:unit}", "how many {b:unit} (make|makes) [up] {x:quantity} {a:unit}"),
	newRule("unit.convert_one", convertOne,
		"how many {b:unit} ('s|) [are in|are there in|is|are|in|make|make up|equal|fit in|to|per|there are in] (a|an|one|1|each|a single) {a:unit}", "<what> [the] [correct] (number|amount) of {b:unit} (in|per) (a|an|one) {a:unit}", "how many {b:unit} (does|do) (a|an|one) {a:unit} (have|make|equal|contain)"),
	newRule("unit.factor", convertFactor,
		"[convert|change|turn|transform] {a:unit} (to|into|in) {b:unit}", "how (do|would|can|could|to) [i|you|one] [go about] (convert|converting|change|turn|translate) [a|an] {a:unit} (to|into|in) {b:unit}", "{a:unit} to {b:unit}", "what would be the conversion between {a:unit} and {b:unit}", "[know|me|easy way] [how] to (convert|change|turn) {a:unit} (to|into|in) {b:unit}",
		"<what> [the] (conversion|conversion factor|conversion rate|formula|proper way to convert|best way to convert) [from|of|for|between] {a:unit} (to|and|into) {b:unit}", "the conversion between {a:unit} and {b:unit}", "what (is|are) {a:unit} in {b:unit}", "how are {a:unit} converted to {b:unit}", "how to (convert|change) {a:unit} (to|into) {b:unit}",
		"[me] to understand the conversion between {a:unit} and {b:unit}", "is there an easy way to (change|convert) {a:unit} (to|into) {b:unit}"),
}

func convertUnit(c *context, v values) ([]step, bool) {
	return conversion(c, string(get[numeral](v, "x")), get[string](v, "a"), get[string](v, "b"))
}

func convertOne(c *context, v values) ([]step, bool) {
	return conversion(c, "1", get[string](v, "a"), get[string](v, "b"))
}

func conversion(c *context, x, from, to string) ([]step, bool) {
	a, b, ok := pair(from, to)
	if !ok {
		return nil, false
	}
	return one(step{
		task: "unit/convert@1", answer: "{{out.value}} " + b.shown, reading: x + " " + a.symbol + " in " + b.symbol,
		input: map[string]any{"value": x, "from": a.in(c), "to": b.in(c), "digits": 6, "rounding": "half_even"},
	})
}

// pair looks two units up. Ounces beside a volume are fluid ounces.
func pair(from, to string) (a, b unitName, ok bool) {
	a, okA := unitNames[from]
	b, okB := unitNames[to]
	if !okA || !okB {
		return a, b, false
	}
	if a.symbol == "oz" && b.dimension == "volume" {
		a = unitNames["fluid ounces"]
	}
	if b.symbol == "oz" && a.dimension == "volume" {
		b = unitNames["fluid ounces"]
	}
	return a, b, a.dimension == b.dimension && a.symbol != b.symbol
}

func convertFactor(c *context, v values) ([]step, bool) {
	from, to := get[string](v, "a"), get[string](v, "b")
	a, b, ok := pair(from, to)
	if !ok || a.dimension == "temperature" {
		return nil, false
	}
	steps, ok := conversion(c, "1", from, to)
	if ok {
		steps[0].answer = "1 " + a.one() + " = {{out.value}} " + b.shown
	}
	return steps, ok
}

// one is the unit's name in the singular.
func (u unitName) one() string { return u.single }

// unitName is a unit as people name it. Symbols that differ between the United
// States and elsewhere have the other in uk; the request's locale decides.
type unitName struct {
	symbol, uk, dimension, shown, single string
}

func (u unitName) in(c *context) string {
	if u.uk != "" && (c.req.Locale == "en-GB" || c.req.Locale == "en-AU" || c.req.Locale == "en-IE") {
		return u.uk
	}
	return u.symbol
}

// unitNames holds every name, in folded form.
var unitNames = namesOf(
	"length: m meter metre meters metres; km kilometer kilometre kilometers kilometres kms; cm centimeter centimetre centimeters centimetres; mm millimeter millimetre millimeters millimetres; dm decimeter decimetre decimeters decimetres; um micrometer micrometers; nm nanometer nanometers; in inch inches; ft foot feet; yd yard yards; mi mile miles; nmi nautical-mile nautical-miles",
	"mass: kg kilogram kilograms kilo kilos kgs; g gram grams; mg milligram milligrams; lb pound pounds lbs; oz ounce ounces; st stone stones; t tonne tonnes metric-ton metric-tons; ug microgram micrograms",
	"volume: l liter litre liters litres; ml milliliter millilitre milliliters millilitres; dl deciliter decilitre deciliters decilitres; cl centiliter centilitre centiliters centilitres; gal_us/gal_uk gallon gallons gal; qt_us/qt_uk quart quarts; pt_us/pt_uk pint pints; cup_us/cup_metric cup cups; floz_us/floz_uk fluid-ounce fluid-ounces fl-oz; tbsp_us/tbsp_metric tablespoon tablespoons tbsp; tsp_us/tsp_metric teaspoon teaspoons tsp",
	"area: m2 square-meter square-meters square-metre square-metres; km2 square-kilometer square-kilometers; ft2 square-foot square-feet; ha hectare hectares; acre acres; mi2 square-mile square-miles; in2 square-inch square-inches; yd2 square-yard square-yards; cm2 square-centimeter square-centimeters",
	"speed: km/h kilometer-per-hour kilometers-per-hour kph kmh; mph mile-per-hour miles-per-hour; m/s meter-per-second meters-per-second; kn knot knots; ft/s foot-per-second feet-per-second",
	"time: s second seconds sec secs; min minute minutes mins; h hour hours hrs hr; d day days; wk week weeks; ms millisecond milliseconds",
	"data: B byte bytes; kB kilobyte kilobytes; MB megabyte megabytes; GB gigabyte gigabytes; TB terabyte terabytes; KiB kibibyte kibibytes; MiB mebibyte mebibytes; GiB gibibyte gibibytes; bit bits; TiB tebibyte tebibytes; PB petabyte petabytes; Mbit megabit megabits; Gbit gigabit gigabits",
	"temperature: C celsius degrees-celsius degree-celsius centigrade degrees-centigrade celcius celsisus degrees-c; F fahrenheit degrees-fahrenheit degree-fahrenheit farenheit fahrenheight degrees-f; K kelvin",
	"energy: J joule joules; kJ kilojoule kilojoules; kWh kilowatt-hour kilowatt-hours; Wh watt-hour watt-hours; MJ megajoule megajoules",
	"pressure: Pa pascal pascals; kPa kilopascal kilopascals; bar bar bars; psi psi psi; hPa hectopascal hectopascals; atm atmosphere atmospheres",
)

// namesOf reads lines of "dimension: symbol[/uk] name name; ...", where a hyphen
// stands for a space.
func namesOf(lines ...string) map[string]unitName {
	all := map[string]unitName{}
	for _, line := range lines {
		dimension, units, _ := strings.Cut(line, ": ")
		for u := range strings.SplitSeq(units, "; ") {
			f := strings.Fields(u)
			symbol, uk, _ := strings.Cut(f[0], "/")
			if symbol == "km" || symbol == "m" { // speeds have a slash of their own
				if dimension == "speed" {
					symbol, uk = f[0], ""
				}
			}
			n := unitName{symbol, uk, dimension, symbol, symbol}
			if len(f) > 1 {
				n.shown, n.single = strings.ReplaceAll(f[min(len(f)-1, pluralOf(symbol))], "-", " "), strings.ReplaceAll(f[1], "-", " ")
			}
			all[fold(f[0])] = n
			all[fold(symbol)] = n
			for _, name := range f[1:] {
				all[strings.ReplaceAll(name, "-", " ")] = n
			}
		}
	}
	return all
}

// pluralOf is where among a unit's names its plural stands: behind two spellings
// of the singular, or one.
func pluralOf(symbol string) int {
	switch symbol {
	case "m", "km", "cm", "mm", "dm", "l", "ml", "dl", "cl":
		return 3
	}
	return 2
}

// readQuantity reads a number, half a, a half, one and a half, "2 and half".
func readQuantity(m *matcher, from int, yield func(int, any) bool) bool {
	for _, q := range []struct {
		words []string
		value numeral
	}{
		{[]string{"half", "a"}, "0.5"}, {[]string{"half", "an"}, "0.5"}, {[]string{"half", "of", "a"}, "0.5"}, {[]string{"a", "half"}, "0.5"}, {[]string{"a", "half", "a"}, "0.5"}, {[]string{"one", "half"}, "0.5"}, {[]string{"a", "quarter", "of", "a"}, "0.25"}, {[]string{"a", "quarter"}, "0.25"},
		{[]string{"a", "couple", "of"}, "2"}, {[]string{"one", "and", "a", "half"}, "1.5"}, {[]string{"two", "and", "a", "half"}, "2.5"},
	} {
		if end, ok := phraseAt(m.tokens, from, q.words); ok && !yield(end, q.value) {
			return false
		}
	}
	return readNumber(m, from, func(end int, v any) bool {
		if end < len(m.tokens) && m.tokens[end].text == "degrees" && !yield(end+1, v) {
			return false
		}
		return yield(end, v)
	})
}

// caseMatters are symbols whose case makes them another unit: Mb is not MB, nor Mg mg.
var caseMatters = regexp.MustCompile(`^([KMGTP]b|M[gm])$`)

// readUnit reads the longest name of a unit, up to three words, degree signs left
// out.
func readUnit(m *matcher, from int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && m.tokens[from].text == "°" {
		from++
	}
	for end := min(from+3, len(m.tokens)); end > from; end-- {
		if m.steps--; m.steps < 0 {
			return false
		}
		var name strings.Builder
		for i, t := range m.tokens[from:end] {
			if i > 0 && t.spaced {
				name.WriteByte(' ')
			}
			name.WriteString(t.text)
		}
		if end == from+1 && caseMatters.MatchString(m.tokens[from].raw) {
			return true // a megabit to some, and a megabyte to others
		}
		if _, ok := unitNames[name.String()]; ok && !yield(end, name.String()) {
			return false
		}
	}
	return true
}
