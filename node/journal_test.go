package node

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestJournalAddsUpDays works over midnight and through restarts.
func TestJournalAddsUpDays(t *testing.T) {
	path, log := filepath.Join(t.TempDir(), "days.json"), slog.New(slog.DiscardHandler)
	evening := time.Date(2026, 11, 23, 23, 50, 0, 0, time.UTC)
	j := openJournal(path, log)
	j.save(Counters{Executed: 3, Failed: 1, Busy: time.Minute}, evening)
	j = openJournal(path, log) // counters begin anew with the process
	j.days(Counters{Executed: 2, Busy: time.Second}, evening.Add(5*time.Minute))
	j.days(Counters{Executed: 1, Busy: time.Second}, evening.Add(5*time.Minute)) // an older count that came late
	got := j.days(Counters{Executed: 7, Busy: 3 * time.Second}, evening.Add(time.Hour))
	want := []Day{
		{Date: "2026-11-23", Executed: 5, Failed: 1, Busy: time.Minute + time.Second},
		{Date: "2026-11-24", Executed: 5, Busy: 2 * time.Second},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v, want %+v", got, want)
	}
	for day := range 40 {
		j.save(Counters{Executed: 7, Busy: 3 * time.Second}, evening.AddDate(0, 0, 2+day))
	}
	if n := len(openJournal(path, log).list); n != maxDays {
		t.Errorf("%d days are kept", n)
	}
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := openJournal(path, log).days(Counters{Executed: 1}, evening); len(got) != 1 || got[0].Executed != 1 {
		t.Errorf("after a damage: %+v", got)
	}
}
