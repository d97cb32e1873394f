package localbackend

import (
	"sync"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/localbackend/session"
)

// journal is the records of one session. One goroutine writes it, any number
// follow it; the writer never waits for a follower.
type journal struct {
	mu      sync.Mutex
	records []session.Record
	more    chan struct{} // closed when there are more, and replaced
}

func newJournal() *journal { return &journal{more: make(chan struct{})} }

func (j *journal) add(r session.Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.records = append(j.records, r)
	close(j.more)
	j.more = make(chan struct{})
}

// after returns the records from the n-th on, and what is closed when there are
// more than these.
func (j *journal) after(n int) ([]session.Record, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.records[n:len(j.records):len(j.records)], j.more
}

// tell calls observe with every event of the execution, from the first to the
// last, by folding its records anew.
func (e *execution) tell(observe func(contracts.Event)) {
	told := session.Open(e.session.Opening, observe)
	for n := 0; ; {
		records, more := e.journal.after(n)
		n += len(records)
		for _, r := range records {
			told.Apply(r)
			if _, last := r.Fact.(*session.Closed); last {
				return
			}
		}
		told.TakeReady()
		told.TakeDropped()
		<-more
	}
}
