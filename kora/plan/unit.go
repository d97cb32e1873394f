package plan

import "strings"

// unitRules read conversions of units.
var unitRules = []rule{
	newRule("unit.convert", convertUnit,
		"[convert|change|what is|what's|whats|how much is|turn] {x:number} {a:unit} (to|in|into|as) {b:unit}",
		"how many {b:unit} (is|are|in|are in|are there in|make) {x:number} {a:unit}",
		"what [amount of] {b:unit} (is|are|are in) {x:number} {a:unit}", "how (much|many) is {x:number} {a:unit} in {b:unit}",
		"what (is|are|would) {x:number} {a:unit} [be] in {b:unit}", "{x:number} {a:unit} is [equal to] how many {b:unit}",
		"if i have {x:number} {a:unit} [,] how many {b:unit} is (that|it)", "how do i convert {x:number} {a:unit} (to|into) {b:unit}",
		"what {x:number} {a:unit} (in|to) {b:unit} is"),
	newRule("unit.convert_one", convertOne,
		"how many {b:unit} (are in|are there in|is|in|make) (a|an|one) {a:unit}", "how many {b:unit} (to|per) (a|an|one) {a:unit}"),
}

func convertUnit(c *context, v values) ([]step, bool) {
	return conversion(c, string(get[numeral](v, "x")), get[string](v, "a"), get[string](v, "b"))
}

func convertOne(c *context, v values) ([]step, bool) {
	return conversion(c, "1", get[string](v, "a"), get[string](v, "b"))
}

func conversion(c *context, x, from, to string) ([]step, bool) {
	a, okA := unitNames[from]
	b, okB := unitNames[to]
	if !okA || !okB || a.dimension != b.dimension || from == to {
		return nil, false
	}
	return one(step{
		task: "unit/convert@1", answer: "{{out.value}} " + b.shown, reading: x + " " + a.symbol + " in " + b.symbol,
		input: map[string]any{"value": x, "from": a.in(c), "to": b.in(c), "digits": 6, "rounding": "half_even"},
	})
}

// unitName is a unit as people name it. Symbols that differ between the United
// States and elsewhere have the other in uk; the request's locale decides.
type unitName struct {
	symbol, uk, dimension, shown string
}

func (u unitName) in(c *context) string {
	if u.uk != "" && (c.req.Locale == "en-GB" || c.req.Locale == "en-AU" || c.req.Locale == "en-IE") {
		return u.uk
	}
	return u.symbol
}

// unitNames holds every name, in folded form.
var unitNames = namesOf(
	"length: m meter metre meters metres; km kilometer kilometre kilometers kilometres kms; cm centimeter centimetre centimeters centimetres; mm millimeter millimetre millimeters millimetres; in inch inches; ft foot feet; yd yard yards; mi mile miles; nmi nautical-mile nautical-miles",
	"mass: kg kilogram kilograms kilo kilos kgs; g gram grams; mg milligram milligrams; lb pound pounds lbs; oz ounce ounces; st stone stones; t tonne tonnes metric-ton metric-tons",
	"volume: l liter litre liters litres; ml milliliter millilitre milliliters millilitres; gal_us/gal_uk gallon gallons gal; qt_us/qt_uk quart quarts; pt_us/pt_uk pint pints; cup_us/cup_metric cup cups; floz_us/floz_uk fluid-ounce fluid-ounces; tbsp_us/tbsp_metric tablespoon tablespoons tbsp; tsp_us/tsp_metric teaspoon teaspoons tsp",
	"area: m2 square-meter square-meters square-metre square-metres; km2 square-kilometer square-kilometers; ft2 square-foot square-feet; ha hectare hectares; acre acres; mi2 square-mile square-miles",
	"speed: km/h kph kmh; mph miles-per-hour; m/s; kn knot knots",
	"time: s second seconds sec secs; min minute minutes mins; h hour hours hrs hr; d day days; wk week weeks; ms millisecond milliseconds",
	"data: B byte bytes; kB kilobyte kilobytes; MB megabyte megabytes; GB gigabyte gigabytes; TB terabyte terabytes; KiB kibibyte kibibytes; MiB mebibyte mebibytes; GiB gibibyte gibibytes; bit bits",
	"temperature: C celsius degrees-celsius; F fahrenheit degrees-fahrenheit; K kelvin",
	"energy: J joule joules; kJ kilojoule kilojoules; kWh kilowatt-hour kilowatt-hours",
	"pressure: Pa pascal pascals; kPa kilopascal kilopascals; bar bars; psi; atm atmosphere atmospheres",
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
			n := unitName{symbol, uk, dimension, symbol}
			if len(f) > 1 {
				n.shown = strings.ReplaceAll(f[min(len(f)-1, 2)], "-", " ")
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
		if _, ok := unitNames[name.String()]; ok && !yield(end, name.String()) {
			return false
		}
	}
	return true
}
