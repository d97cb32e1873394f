package plan

import (
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
)

func request(message string) *Request {
	return &Request{
		ID: "01890a5d-ac96-774b-bcce-b302099a8058", Tenant: "local", Message: message,
		Now: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), Zone: "UTC", Locale: "en-US",
	}
}

func TestReadings(t *testing.T) {
	for message, want := range map[string]string{
		"what is 15% of 2,340":                                              "(15 / 100) * (2340)",
		"What's 2 + 2?":                                                     "2 + 2",
		"please compute (3 + 4) * 5 - 6 / 2, thanks!":                       "(3 + 4) * 5 - 6 / 2",
		"how much is twenty five times three":                               "25 * 3",
		"how many days from 3 March 2026 to 17 November 2026":               "days from 2026-03-03 to 2026-11-17",
		"how many days are there between 2026-03-03 and Nov 17, 2026?":      "days from 2026-03-03 to 2026-11-17",
		"what day of the week is the 3rd of March 2026":                     "weekday of 2026-03-03",
		"45 days after 3 March 2026":                                        "45 days from 2026-03-03",
		"how many days until 12/25/2026?":                                   "days from 2026-11-28 to 2026-12-25",
		"convert 10 kilos to pounds":                                        "10 kg in lb",
		"how many feet are in a mile?":                                      "1 mi in ft",
		"what is 98.6 °F in celsius":                                        "98.6 F in C",
		"what is 30% off 279, please":                                       "(279) * (1 - 30 / 100)",
		"what is an 18 percent tip on 20 dollars":                           "(18 / 100) * (20)",
		"can you tell me what is 18 percent of $2500":                       "(18 / 100) * (2500)",
		"please add 456 and 781 for me":                                     "456 + 781",
		"what is 3/4 of 18":                                                 "(3 / 4) * (18)",
		"what is 10 to the 12th power":                                      "10 ^ 12",
		"how do you spell \"syzygy\"":                                       "letters of syzygy",
		"tell me how many p's are in apple":                                 "number of p in apple",
		"what day will it be in fourteen days":                              "14 days from 2026-11-28",
		"what's today's date?":                                              "0 days from 2026-11-28",
		"what time is it in sydney, australia":                              "time in Australia/Sydney",
		"what time is it right now":                                         "time in UTC",
		"if i have four inches, how many centimeters is that":               "4 in in cm",
		"hi, could you please tell me what one hundred and five minus 7 is": "105 - 7",
	} {
		p := Make(request(message))
		got := ""
		if p.Kind == Deterministic {
			got = p.Decisions[len(p.Decisions)-1].Reading
		}
		if got != want {
			t.Errorf("%q is read as %q, want %q: %+v", message, got, want, p.Decisions)
		}
	}
}

// What depends on the locale, on the half of the year, or on what people mean.
func TestGuessesAreLeft(t *testing.T) {
	for _, c := range []struct {
		message, locale string
		now             time.Time
	}{
		{"what is 1.234 + 1", "de-DE", time.Time{}}, {"average of 1,5 and 2,5", "fr-FR", time.Time{}},
		{"how many days until 3/4/2027", "de-DE", time.Time{}},
		{"convert 3pm EST to UTC", "en-US", time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)}, {"what time is it in PDT", "en-US", time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)},
		{"if it's 9:30 in london what time is it in tokyo", "en-US", time.Time{}}, {"8 Gb in MB", "en-US", time.Time{}}, {"5 Mg in g", "en-US", time.Time{}},
		{"what is -2^2", "en-US", time.Time{}}, {"what is 3 + 4!", "en-US", time.Time{}}, {"negative 3 squared", "en-US", time.Time{}},
		{"how many days from 2026-05-01 to 2026-04-01", "en-US", time.Time{}}, {"how many days from may 1, 2026 through may 3, 2026", "en-US", time.Time{}}, {"how many days until 2020-01-01", "en-US", time.Time{}},
		{"average of 10 and 20 and 30 + 5", "en-US", time.Time{}}, {"how many times does 7 go into 50", "en-US", time.Time{}},
		{"is 2/30/2024 a valid date", "en-US", time.Time{}}, {"is 030 901820 a valid phone number", "en-US", time.Time{}},
	} {
		r := request(c.message)
		r.Locale = c.locale
		if !c.now.IsZero() {
			r.Now = c.now
		}
		if p := Make(r); p.Kind == Deterministic {
			t.Errorf("%q in %s at %s is answered: %+v", c.message, c.locale, r.Now, p.Decisions)
		}
	}
	for message, want := range map[string]string{
		"convert 3pm EST to UTC": "15:00 in America/New_York as the time in UTC", "what is the difference between 5 and 8": "8 - 5", "how many days between 2026-05-01 and 2026-04-01": "days from 2026-04-01 to 2026-05-01",
		"what is the date for today": "0 days from 2026-11-28", "what is (-2)^2": "((-2)) ^ 2", "8 GB in MB": "8 GB in MB", "how many times does 7 go into 49": "49 / 7",
	} {
		p := Make(request(message))
		if got := p.Decisions[len(p.Decisions)-1].Reading; p.Kind != Deterministic || got != want {
			t.Errorf("%q is read as %q, want %q: %+v", message, got, want, p.Decisions)
		}
	}
}

// Words that need not be listed as what they are, for nothing would be made of them.
func TestRealWords(t *testing.T) {
	v := theVocabulary()
	for w := range v.real {
		if _, ok := v.nearest(w); !ok || v.known[w] {
			t.Errorf("%s need not be in realwords.txt", w)
		}
	}
	for _, w := range []string{"smile", "plums", "wrote"} {
		if !v.real[w] {
			t.Errorf("%s is made another word", w)
		}
	}
}

// What looks like a question for a calculator and is none.
func TestNearMisses(t *testing.T) {
	for _, message := range []string{
		"10-4", "24/7", "what's 1984 about", "how many feet does a dog have", "5-star hotel", "978-3-16-148410-0", "call 555 1234",
		"version 1.2.3", "what is 7", "3/4/2026", "how many days until christmas", "how do i spell my name", "what time is it in texas", "how many r's", "what is 15% of my salary", "convert 10 kilos to miles",
		"how many cups are there", "2 + 2 = 5, right", "what is the 5 of 7", "what day is it over", "spell it", "what is the date of the meeting",
	} {
		if p := Make(request(message)); p.Kind == Deterministic {
			t.Errorf("%q is answered: %+v", message, p.Decisions)
		}
	}
}

func TestTwoQuestionsAreTwoBranches(t *testing.T) {
	p := Make(request("what is 15% of 2,340 and how many days from 3 March 2026 to 17 November 2026"))
	if p.Kind != Deterministic || len(p.Graph.WorkUnits) != 3 || len(p.Handlers) != 2 {
		t.Fatalf("%+v", p)
	}
	if err := p.Graph.Validate(contracts.DefaultLimits()); err != nil {
		t.Error(err)
	}
	if again := Make(request("what is 15% of 2,340 and how many days from 3 March 2026 to 17 November 2026")); again.CID != p.CID {
		t.Errorf("the same request has %s and %s", p.CID, again.CID)
	}
}

func TestModels(t *testing.T) {
	r := request("why is the sky blue?")
	if p := Make(r); p.Kind != Model || p.Reason != NoGrammar || p.Graph.Validate(contracts.DefaultLimits()) != nil {
		t.Errorf("%+v", p)
	}
	r.Models = ModelNever
	if p := Make(r); p.Kind != None || p.Graph != nil {
		t.Errorf("%+v", p)
	}
	r.Message, r.Models = "what is 2 + 2", ModelOnly
	if p := Make(r); p.Kind != Model || p.Reason != ModelWanted {
		t.Errorf("%+v", p)
	}
	r.Message = " \n"
	if p := Make(r); p.Kind != None || p.Reason != Empty {
		t.Errorf("%+v", p)
	}
}

func FuzzMake(f *testing.F) {
	for _, s := range []string{"what is 15% of 2,340 and 2+2", "((((((1", "10 kilos in pounds", "3rd of March 2026", "\xff\x00“"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, message string) {
		r := request(message)
		a, b := Make(r), Make(r)
		if a.CID != b.CID || a.Kind != b.Kind {
			t.Errorf("%q: %s %s, then %s %s", message, a.Kind, a.CID, b.Kind, b.CID)
		}
		if a.Kind == Deterministic {
			if err := a.Graph.Validate(contracts.DefaultLimits()); err != nil {
				t.Errorf("%q: %v", message, err)
			}
		}
	})
}
