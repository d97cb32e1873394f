package node

import (
	"maps"
	"net/http"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/health"
	"github.com/krako-labs/krako/internal/sandbox/worker"
)

// Counters count since the process began.
type Counters struct {
	// Executed units have a result; Failed of them one that is no success.
	Executed uint64 `json:"executed"`
	Failed   uint64 `json:"failed"`
	// Busy is how long units ran, all slots added up: at least their processor time.
	Busy time.Duration `json:"busy_ns"`
	// Faults are units without a result, by code.
	Faults map[contracts.Code]uint64 `json:"faults"`
	// Recorded and Rejected results are those that the cluster has answered for.
	Recorded uint64 `json:"recorded"`
	Rejected uint64 `json:"rejected"`
}

// Status is what a node does at the moment.
type Status struct {
	Node contracts.NodeID `json:"node"`
	// Coordinator and Cluster are empty without a work stream.
	Coordinator string `json:"coordinator,omitempty"`
	Cluster     string `json:"cluster,omitempty"`
	Draining    bool   `json:"draining"`
	Slots       int    `json:"slots"`
	Busy        int    `json:"busy"`
	Waiting     int    `json:"waiting"`
	// Volunteer is what the owner's rules say, and what is known of the machine.
	Volunteer VolunteerStatus `json:"volunteer"`
	// Lends is what the owner lets the node have.
	Lends Lends `json:"lends"`
	// Days is what the node did, the newest day last.
	Days []Day `json:"days"`
	// Unacked batches are signed and not recorded.
	Unacked int `json:"unacked"`
	// Runner is what runs the units.
	Runner worker.Report `json:"runner"`
	Counters
}

// Status returns what the node does. It may be called at any time.
func (a *Agent) Status() Status {
	s := Status{
		Node: a.ID(), Draining: a.draining(), Slots: a.cfg.Slots,
		Unacked: a.outbox.len(), Runner: a.runner.Report(), Counters: a.backlog.count(),
	}
	s.Busy, s.Waiting = a.backlog.usage()
	s.Volunteer, s.Lends = a.governor.status(), a.cfg.lends()
	s.Days = a.journal.days(a.backlog.count(), time.Now())
	if l := a.link.Load(); l != nil {
		s.Coordinator, s.Cluster = l.stream.Peer(), l.cluster.id
	}
	return s
}

// Handler serves /healthz (the process runs), /readyz (it has a work stream and
// takes units) and /status (Status as JSON). It has no access control.
func (a *Agent) Handler() http.Handler {
	return health.Handler(a.unready, func() any { return a.Status() })
}

// unready says why the agent takes no units, or "".
func (a *Agent) unready() string {
	switch cause := a.governor.cause(); {
	case a.draining():
		return "draining"
	case cause != "":
		return "paused: " + cause
	case a.link.Load() == nil:
		return "no coordinator"
	}
	return ""
}

// usage returns how many slots are in use and how many units wait for one.
func (b *backlog) usage() (busy, waiting int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.busy, max(b.active-b.busy, 0)
}

func (b *backlog) count() Counters {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.counters
	c.Faults = maps.Clone(c.Faults)
	return c
}

// recorded counts results that the cluster has recorded and frees their outputs.
func (b *backlog) recorded(results int, bytes int64) {
	b.mu.Lock()
	b.counters.Recorded += uint64(results)
	b.mu.Unlock()
	b.free(bytes)
}

// rejected counts results that the cluster refused and frees their outputs.
func (b *backlog) rejected(results int, bytes int64) {
	b.mu.Lock()
	b.counters.Rejected += uint64(results)
	b.mu.Unlock()
	b.free(bytes)
}
