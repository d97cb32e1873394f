package node

import (
	"encoding/json"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/krako-labs/krako/internal/durable"
)

// maxDays bounds the journal.
const maxDays = 31

// Day is what a node did on one day of its time zone.
type Day struct {
	Date     string `json:"date"` // 2006-01-02
	Executed uint64 `json:"executed"`
	Failed   uint64 `json:"failed"`
	// Busy is how long units ran, all slots added up.
	Busy time.Duration `json:"busy_ns"`
}

// journal adds up what a node does by days and keeps it through restarts, but for
// the last minutes before a crash. It is for the owner to look at: no decision
// hangs on it. Safe for concurrent use.
type journal struct {
	path string
	log  *slog.Logger

	mu   sync.Mutex
	list []Day
	seen Counters // that are in list
}

// openJournal goes on with the journal kept at path, or begins another.
func openJournal(path string, log *slog.Logger) *journal {
	j := &journal{path: path, log: log}
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &j.list)
	}
	if err != nil && !os.IsNotExist(err) {
		log.Warn("journal begun anew", "file", path, "error", err)
		j.list = nil
	}
	j.list = j.list[max(0, len(j.list)-maxDays):]
	return j
}

// days returns the last days, today's with all that was counted until now.
func (j *journal) days(c Counters, now time.Time) []Day {
	j.mu.Lock()
	defer j.mu.Unlock()
	today := now.Format(time.DateOnly)
	if n := len(j.list); n == 0 || j.list[n-1].Date != today {
		j.list = append(j.list, Day{Date: today})
		j.list = j.list[max(0, len(j.list)-maxDays):]
	}
	if c.Executed < j.seen.Executed || c.Busy < j.seen.Busy {
		return append([]Day{}, j.list...) // counted before what is seen already
	}
	d := &j.list[len(j.list)-1]
	d.Executed += c.Executed - j.seen.Executed
	d.Failed += c.Failed - j.seen.Failed
	d.Busy += c.Busy - j.seen.Busy
	j.seen = c
	return append([]Day{}, j.list...)
}

func (j *journal) save(c Counters, now time.Time) {
	text, err := json.Marshal(j.days(c, now))
	if err == nil {
		err = durable.WriteFile(j.path, append(text, '\n'))
	}
	if err != nil {
		j.log.Warn("journal not kept", "error", err)
	}
}
