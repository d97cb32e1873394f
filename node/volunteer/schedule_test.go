package volunteer

import (
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
)

func TestSchedulesAreWrittenAsTheyAreRead(t *testing.T) {
	for _, text := range []string{"22:00-07:00", "sat 10:00-18:00", "mon-fri 18:30-08:00", "sat-sun 00:00-24:00", "fri-mon 00:00-00:01"} {
		s, err := ParseSchedule([]string{" " + strings.ToUpper(text) + " "})
		if err != nil || s.String() != text {
			t.Errorf("%q reads as %q, %v", text, s, err)
		}
	}
}

func TestBadWindowsAreNamed(t *testing.T) {
	for _, text := range []string{
		"", "22-07", "22:00", "22:00-22:00", "24:00-07:00", "25:00-07:00", "22:60-07:00", "22:00-24:01", "2a:00-07:00",
		"funday 22:00-07:00", "mon-funday 22:00-07:00", "mon- 22:00-07:00", "mon 22:00-07:00-08:00",
	} {
		_, err := ParseSchedule([]string{"00:00-01:00", text})
		if contracts.CodeOf(err) != contracts.CodeValidation || !strings.Contains(err.Error(), `"`+text+`"`) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ParseSchedule(make([]string, maxWindows+1)); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("too many windows: %v", err)
	}
}

// TestNightsOnWhichClocksChange has a window that begins in an hour that is not
// there, and one in an hour that is there twice.
func TestNightsOnWhichClocksChange(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	s, err := ParseSchedule([]string{"sun 02:30-03:15"})
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[time.Time]string{
		time.Date(2026, 3, 28, 20, 0, 30, 0, zone):              "2026-03-29T03:00:00+02:00",
		time.Date(2026, 10, 24, 20, 0, 30, 0, zone):             "2026-10-25T02:30:00+02:00",
		time.Date(2026, 10, 25, 0, 59, 0, 0, time.UTC).In(zone): "2026-10-25T02:30:00+01:00",
	} {
		if next := s.Next(from); next.Format(time.RFC3339) != want {
			t.Errorf("after %s: %s, want %s", from, next, want)
		}
	}
	if next := (Schedule{{First: 9, Last: 9, From: 0, To: 1}}).Next(time.Now()); !next.IsZero() {
		t.Errorf("a window of no day begins at %s", next)
	}
}

func FuzzSchedule(f *testing.F) {
	f.Add("mon-fri 18:30-08:00", int64(1_795_000_000))
	f.Add("22:00-07:00", int64(0))
	f.Fuzz(func(t *testing.T, text string, at int64) {
		s, err := ParseSchedule([]string{text})
		if err != nil {
			return
		}
		again, err := ParseSchedule([]string{s.String()})
		if err != nil || again[0] != s[0] {
			t.Fatalf("%q reads as %q and then as %q, %v", text, s, again, err)
		}
		now := time.Unix(at%(1<<40), 0).UTC()
		if next := s.Next(now); !next.After(now) || !s.Allows(next) || next.Sub(now) > 9*24*time.Hour {
			t.Fatalf("%q at %s: next is %s", text, now, next)
		}
	})
}
