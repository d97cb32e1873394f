package plan

import (
	"regexp"
	"strconv"
	"strings"
)

var countText = regexp.MustCompile(`^I have (.+)\. How many ([\pL ]+) do I have\?$`)

// counting reads an enumeration of things and asks how many of a kind there are.
func counting(message string) ([]step, bool) {
	m := countText.FindStringSubmatch(message)
	if m == nil {
		return nil, false
	}
	kind, ok := thingKinds[m[2]]
	if !ok {
		return nil, false
	}
	sum := []string{"0"}
	for _, part := range enumeration(m[1]) {
		n, is, ok := countOf(part, kind)
		if !ok {
			return nil, false // a thing that is not known may or may not be one
		}
		if is {
			sum = append(sum, strconv.Itoa(n))
		}
	}
	s := arithmetic(strings.Join(sum, " + "))
	s.reading = "number of " + m[2] + ": " + strings.Join(sum, " + ")
	return one(s)
}

// countOf reads "two heads of broccoli" and whether it is of a kind.
func countOf(part, kind string) (n int, is, ok bool) {
	number, name, ok := strings.Cut(part, " ")
	if !ok {
		return 0, false, false
	}
	switch v, spelled := small[number]; {
	case number == "a" || number == "an":
		n = 1
	case spelled && v > 0:
		n = int(v)
	default:
		digits, err := strconv.Atoi(number)
		if err != nil || digits < 0 || digits > 1_000_000 {
			return 0, false, false
		}
		n = digits
	}
	for _, of := range []string{"head of ", "heads of ", "stalk of ", "stalks of ", "clove of ", "cloves of ", "bunch of ", "bunches of "} {
		name = strings.TrimPrefix(name, of)
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, " heads"), " head")
	for _, form := range singulars(name) {
		if k, known := things[form]; known {
			return n, kind == "object" || k == kind, true
		}
	}
	return 0, false, false
}

// singulars are the words of which a word can be the plural, itself first.
func singulars(s string) []string {
	all := []string{s}
	if one, ok := map[string]string{"mice": "mouse", "geese": "goose", "knives": "knife", "leaves": "leaf", "sheep": "sheep", "oxen": "ox", "wolves": "wolf"}[s]; ok {
		all = append(all, one)
	}
	for from, to := range map[string]string{"ies": "y", "es": "", "s": ""} {
		if stem, ok := strings.CutSuffix(s, from); ok {
			all = append(all, stem+to)
		}
	}
	return all
}

var thingKinds = map[string]string{
	"objects": "object", "things": "object", "items": "object", "fruits": "fruit", "vegetables": "vegetable", "animals": "animal", "musical instruments": "instrument", "instruments": "instrument",
}

// things says what kind of thing a word names.
var things = thingsOf(map[string]string{
	"fruit":      "apple banana orange peach plum grape strawberry blackberry raspberry blueberry nectarine pear mango kiwi lemon lime cherry apricot pineapple watermelon melon papaya fig grapefruit cranberry coconut pomegranate cantaloupe tangerine",
	"vegetable":  "cabbage carrot cauliflower garlic lettuce onion potato celery yam broccoli spinach turnip radish beet leek parsnip asparagus kale zucchini eggplant",
	"animal":     "bear cat chicken cow dog donkey duck fish frog goat mouse pig rabbit snail snake horse sheep goose hen lion tiger elephant monkey turtle lizard hamster parrot wolf fox deer camel turkey ox",
	"instrument": "accordion clarinet drum flute piano trombone trumpet violin guitar cello harp saxophone tuba oboe banjo harmonica viola ukulele xylophone bassoon",
	"object":     "bed car chair couch fridge lamp microwave oven stove table toaster desk sofa bicycle bike television tv computer phone book shelf mirror clock fan heater dishwasher washer dryer bookcase cup plate fork spoon knife",
})

func thingsOf(kinds map[string]string) map[string]string {
	all := map[string]string{}
	for kind, names := range kinds {
		for name := range strings.FieldsSeq(names) {
			all[name] = kind
		}
	}
	return all
}
