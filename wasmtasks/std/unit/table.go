package unit

// scale is a unit as a multiple of its dimension's base unit, written as a
// product of exact decimals and quotients; offset is added before multiplying.
type scale struct {
	dimension, factor, offset string
}

// The factors are those of the International System, of the 1959 international
// yard and pound agreement, and of NIST Special Publication 811, appendix B,
// where they are exact by definition.
func table() map[string]scale {
	t := make(map[string]scale, 200)
	add := func(dimension string, units map[string]string) {
		for name, factor := range units {
			t[name] = scale{dimension: dimension, factor: factor}
		}
	}
	add("length", map[string]string{
		"m": "1", "km": "1000", "dm": "0.1", "cm": "0.01", "mm": "0.001", "um": "1e-6", "µm": "1e-6", "nm": "1e-9", "pm": "1e-12",
		"in": "0.0254", "ft": "0.3048", "yd": "0.9144", "mi": "1609.344", "nmi": "1852", "fathom": "1.8288", "au": "149597870700",
		"ly": "9460730472580800", "angstrom": "1e-10",
	})
	add("mass", map[string]string{
		"kg": "1", "g": "0.001", "mg": "1e-6", "ug": "1e-9", "µg": "1e-9", "t": "1000", "lb": "0.45359237", "oz": "0.028349523125",
		"st": "6.35029318", "gr": "0.00006479891", "ct": "0.0002", "ton_us": "907.18474", "ton_uk": "1016.0469088", "oz_troy": "0.0311034768",
	})
	add("volume", map[string]string{
		"l": "1", "dl": "0.1", "cl": "0.01", "ml": "0.001", "m3": "1000", "dm3": "1", "cm3": "0.001", "mm3": "1e-6",
		"in3": "0.016387064", "ft3": "28.316846592", "yd3": "764.554857984",
		"gal_us": "3.785411784", "qt_us": "0.946352946", "pt_us": "0.473176473", "cup_us": "0.2365882365", "floz_us": "0.0295735295625",
		"tbsp_us": "0.01478676478125", "tsp_us": "0.00492892159375", "bbl_oil": "158.987294928",
		"gal_uk": "4.54609", "qt_uk": "1.1365225", "pt_uk": "0.56826125", "floz_uk": "0.0284130625",
		"cup_metric": "0.25", "tbsp_metric": "0.015", "tsp_metric": "0.005",
	})
	add("area", map[string]string{
		"m2": "1", "km2": "1e6", "cm2": "1e-4", "mm2": "1e-6", "ha": "10000", "are": "100", "in2": "0.00064516", "ft2": "0.09290304",
		"yd2": "0.83612736", "mi2": "2589988.110336", "acre": "4046.8564224",
	})
	add("speed", map[string]string{"m/s": "1", "km/h": "1/3.6", "mph": "0.44704", "kn": "1852/3600", "ft/s": "0.3048", "km/s": "1000"})
	add("time", map[string]string{
		"s": "1", "ms": "0.001", "us": "1e-6", "µs": "1e-6", "ns": "1e-9", "min": "60", "h": "3600", "d": "86400", "wk": "604800",
	})
	add("data", map[string]string{
		"bit": "1/8", "B": "1", "kB": "1e3", "MB": "1e6", "GB": "1e9", "TB": "1e12", "PB": "1e15", "EB": "1e18",
		"KiB": "1024", "MiB": "1048576", "GiB": "1073741824", "TiB": "1099511627776", "PiB": "1125899906842624", "EiB": "1152921504606846976",
		"kbit": "125", "Mbit": "125000", "Gbit": "125000000", "Tbit": "125000000000", "Kibit": "128", "Mibit": "131072", "Gibit": "134217728",
	})
	add("pressure", map[string]string{
		"Pa": "1", "hPa": "100", "kPa": "1000", "MPa": "1e6", "bar": "1e5", "mbar": "100", "atm": "101325", "torr": "101325/760", "psi": "44482216152605/6451600000",
	})
	add("energy", map[string]string{
		"J": "1", "kJ": "1000", "MJ": "1e6", "Wh": "3600", "kWh": "3.6e6", "MWh": "3.6e9", "eV": "1.602176634e-19", "erg": "1e-7",
		"cal_th": "4.184", "kcal_th": "4184", "cal_it": "4.1868", "kcal_it": "4186.8", "btu_it": "1055.05585262", "ftlb": "1.3558179483314004",
	})
	t["K"] = scale{"temperature", "1", ""}
	t["C"] = scale{"temperature", "1", "273.15"}
	t["F"] = scale{"temperature", "5/9", "459.67"}
	t["R"] = scale{"temperature", "5/9", ""}
	return t
}

// names are other ways to write a unit that mean nothing else.
func names() map[string]string {
	return map[string]string{
		"metre": "m", "meter": "m", "kilometre": "km", "kilometer": "km", "centimetre": "cm", "centimeter": "cm", "millimetre": "mm",
		"millimeter": "mm", "inch": "in", "inches": "in", "foot": "ft", "feet": "ft", "yard": "yd", "mile": "mi", "nautical mile": "nmi",
		"lightyear": "ly", "kilogram": "kg", "gram": "g", "milligram": "mg", "tonne": "t", "pound": "lb", "lbs": "lb", "stone": "st", "carat": "ct",
		"litre": "l", "liter": "l", "L": "l", "millilitre": "ml", "milliliter": "ml", "mL": "ml", "centilitre": "cl", "centiliter": "cl",
		"hectare": "ha", "m²": "m2", "km²": "km2", "cm²": "cm2", "ft²": "ft2", "m³": "m3", "cm³": "cm3", "ft³": "ft3",
		"kph": "km/h", "knot": "kn", "second": "s", "minute": "min", "hour": "h", "day": "d", "week": "wk", "millisecond": "ms",
		"byte": "B", "kilobyte": "kB", "megabyte": "MB", "gigabyte": "GB", "terabyte": "TB", "kibibyte": "KiB", "mebibyte": "MiB", "gibibyte": "GiB",
		"pascal": "Pa", "joule": "J", "kilojoule": "kJ", "kilowatt hour": "kWh", "electronvolt": "eV",
		"celsius": "C", "°C": "C", "fahrenheit": "F", "°F": "F", "kelvin": "K", "rankine": "R",
	}
}

// ambiguous are names that people use for more than one unit, and which.
func ambiguous() map[string][]string {
	return map[string][]string{
		"gal": {"gal_us", "gal_uk"}, "gallon": {"gal_us", "gal_uk"}, "quart": {"qt_us", "qt_uk"}, "qt": {"qt_us", "qt_uk"},
		"pint": {"pt_us", "pt_uk"}, "pt": {"pt_us", "pt_uk"}, "cup": {"cup_us", "cup_metric"}, "tbsp": {"tbsp_us", "tbsp_metric"},
		"tablespoon": {"tbsp_us", "tbsp_metric"}, "tsp": {"tsp_us", "tsp_metric"}, "teaspoon": {"tsp_us", "tsp_metric"},
		"floz": {"floz_us", "floz_uk"}, "fl oz": {"floz_us", "floz_uk"}, "ounce": {"oz", "oz_troy", "floz_us", "floz_uk"},
		"ton": {"t", "ton_us", "ton_uk"}, "barrel": {"bbl_oil"}, "cal": {"cal_th", "cal_it"}, "calorie": {"cal_th", "cal_it", "kcal_th", "kcal_it"},
		"Cal": {"kcal_th", "kcal_it"}, "kcal": {"kcal_th", "kcal_it"}, "btu": {"btu_it"}, "BTU": {"btu_it"}, "KB": {"kB", "KiB"}, "kb": {"kB", "kbit"},
		"Mb": {"MB", "Mbit"}, "mb": {"MB", "Mbit"}, "Gb": {"GB", "Gbit"}, "gb": {"GB", "Gbit"}, "degree": {"C", "F"}, "degrees": {"C", "F"}, "°": {"C", "F"},
		"month": {"d"}, "year": {"d"}, "mmHg": {"torr"},
	}
}
