package local

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora/plan"
)

// The words go in, the right answers come out of the sandbox.
func TestAnswers(t *testing.T) {
	l, err := Open(t.Context(), Options{CacheDir: sandboxtest.CodeCache(filepath.Join(t.TempDir(), "compiled"))})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(t.Context())
	for message, want := range map[string]string{
		"what is 15% of 2,340":                         "351",
		"what is 30% off 279":                          "195.3",
		"spell tomato":                                 "t o m a t o",
		"how many p's are in apple":                    "2",
		"convert \"Hello World\" to upper case":        "HELLO WORLD",
		"sort alphabetically: pear, Apple, fig":        "Apple\nfig\npear",
		"how many words are in \"to be or not to be\"": "6",
		"what is tomorrow's date":                      "2026-11-29",
		"what is the square root of 144":               "12",
		"what is 8 factorial":                          "40320",
		"is 97 a prime number":                         "yes",
		"convert 255 to hex":                           "ff",
		"what is MCMXC in decimal":                     "1990",
		"what time is it in tokyo":                     "2026-11-28T09:00:00+09:00 JST",
		"what is 15% of 2,340 and how many days from 3 March 2026 to 17 November 2026": "351\n259 days",
		"convert 10 kilos to pounds":                    "22.046226 pounds",
		"what day of the week is the 3rd of March 2026": "Tuesday",
	} {
		r, err := l.Ask(t.Context(), plan.Request{Message: message, Now: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC), Zone: "UTC", Locale: "en-US"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Text != want || r.Error != nil || r.Kind != plan.Deterministic || r.WithoutModel != r.Steps {
			t.Errorf("%q is answered with %q, want %q: %+v", message, r.Text, want, r.Error)
		}
	}
	r, err := l.Ask(t.Context(), plan.Request{Message: "why is the sky blue?"}, nil)
	if err != nil || r.Kind != plan.None || r.Error == nil || r.Text != "" {
		t.Errorf("%+v, %v", r, err)
	}
}

// What was computed is not computed again, whoever's words ask for it, and the plan of
// the reply says so. What depends on the clock is another computation a minute later.
func TestKnownResultsAreUsedAgain(t *testing.T) {
	l, err := Open(t.Context(), Options{CacheDir: sandboxtest.CodeCache(filepath.Join(t.TempDir(), "compiled"))})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(t.Context())
	at := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		message string
		now     time.Time
		tenant  contracts.TenantID
		reason  plan.Reason
	}{
		{"what is 15% of 2,340", at, "", ""},
		{"what is 15% of 2,340", at, "", plan.AllKnown},
		{"please calculate 15 percent of 2340, thanks", at.Add(time.Hour), "", plan.AllKnown},
		{"what is 15% of 2,340 and what is 2 + 2", at, "", plan.SomeKnown},
		{"what is 15% of 2,340", at, "another", ""},
		{"what time is it in tokyo", at, "", ""},
		{"what time is it in tokyo", at.Add(time.Minute), "", ""},
		{"what time is it in tokyo", at, "", plan.AllKnown},
	} {
		r, err := l.Ask(t.Context(), plan.Request{Message: c.message, Now: c.now, Tenant: c.tenant, Zone: "UTC", Locale: "en-US"}, nil)
		if err != nil || r.Error != nil {
			t.Fatal(err, r.Error)
		}
		var got plan.Reason
		if d := r.Plan.Decisions[len(r.Plan.Decisions)-1]; d.Stage == plan.StageReuse {
			got = d.Reason
		}
		if got != c.reason || (r.Reused == r.Steps) != (c.reason == plan.AllKnown) || (r.Reused > 0) != (c.reason != "") {
			t.Errorf("%q of %q at %s: reused %d of %d, reason %q, want %q", c.message, c.tenant, c.now, r.Reused, r.Steps, got, c.reason)
		}
	}
}
