package plan

import "testing"

func TestClaims(t *testing.T) {
	for text, want := range map[string][][2]string{
		"First, 17 × 24 = 408, so we are done.":                               {{"what is 17 × 24", "408"}},
		"So **15% of 240 is 36**.":                                            {{"what is 15% of 240", "36"}},
		"1. (3 + 4) * 2 = 14\n2. 14 / 4 = 3.5":                                {{"what is (3 + 4) * 2", "14"}, {"what is 14 / 4", "3.5"}},
		"5 plus 7 equals 13":                                                  {{"what is 5 plus 7", "13"}},
		"10 - 14 = -4":                                                        {{"what is 10 - 14", "-4"}},
		"Since 3 + 4 * 2 = 3 + 8 = 11, it holds.":                             {{"what is 3 + 8", "11"}},
		"10 km is about 6.2 miles, I think.":                                  {{"convert 10 km to miles", "6.2"}},
		"March 3, 2026 is a Tuesday.":                                         {{"what day of the week is March 3, 2026", "Tuesday"}},
		"There are 259 days from March 3, 2026 to November 17, 2026.":         {{"how many days from March 3, 2026 to November 17, 2026", "259"}},
		`There are 3 r's in the word "strawberry".`:                           {{"how many r's are in strawberry", "3"}},
		"2x + 3 = 7, y = 5, f(2 + 2 = 4, x - 4 * 2 = 1 and 2 + 3 = 5n":        nil,
		"The price is 5 and the answer is 42. It costs 3 + 4 = $7.":           nil,
		"sum of 3 + 4 = 7 - 1 holds, half of 3 + 4 = 3.5, 1.2 + 3 = 4.2.1 no": nil,
	} {
		got := Claims(text)
		if len(got) != len(want) {
			t.Errorf("%q: %+v", text, got)
			continue
		}
		for i, c := range got {
			if c.Question != want[i][0] || c.Said != want[i][1] || text[c.Start:c.End] != c.Text {
				t.Errorf("%q: %+v", text, c)
			}
			if p, ok := c.Check(*request("")); !ok {
				t.Errorf("%q cannot be checked: %+v", c.Question, p.Decisions)
			}
		}
	}
}

func TestAgrees(t *testing.T) {
	for _, c := range []struct {
		said, computed string
		about, agrees  bool
	}{
		{"408", "408", false, true}, {"1,408", "1408", false, true}, {"418", "408", false, false}, {"3.5", "3.5", false, true}, {"3.33", "3.3333333333", false, true},
		{"3.34", "3.3333333333", false, false}, {"3", "3.5", false, false}, {"6.2", "6.213712 miles", false, true}, {"6", "6.213712 miles", true, false}, {"6.21", "6.213712 miles", true, true},
		{"16,000", "16093.44 meters", true, true}, {"Tuesday", "tuesday", false, true}, {"Tuesday", "Monday", false, false}, {"-4", "4", false, false}, {"36", "36%", false, false},
	} {
		if (&Claim{Said: c.said, About: c.about}).Agrees(c.computed) != c.agrees {
			t.Errorf("%+v", c)
		}
	}
}

// Whatever a model writes, its claims lie within the text, in order and apart.
func FuzzClaims(f *testing.F) {
	f.Add("17 × 24 = 408 and **10 km is 6.2 miles**")
	f.Add("There are 3 r's in strawberry; 1+1=2=2")
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, c := range Claims(text) {
			if c.Start < end || c.End > len(text) || c.Start >= c.End || c.Text != text[c.Start:c.End] {
				t.Fatalf("%q: %+v", text, c)
			}
			end = c.End
			c.Check(*request(""))
		}
	})
}
