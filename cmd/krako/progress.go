package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// progress is what a session looks like from its events so far.
type progress struct {
	total, done, failed, skipped int
	// out is how many units each node has, on which node each unit is.
	out     map[contracts.NodeID]int
	where   map[string]contracts.NodeID
	lost    int
	retried int
	copies  int
	began   time.Time
	ended   *contracts.SessionEnded
}

func newProgress() *progress {
	return &progress{out: map[contracts.NodeID]int{}, where: map[string]contracts.NodeID{}}
}

// take folds one event in.
func (p *progress) take(e contracts.Event) {
	if e.Replica() > 0 {
		p.copied(&e)
		return
	}
	switch e.Type {
	case contracts.EventSessionStarted:
		var d contracts.SessionStarted
		if json.Unmarshal(e.Data, &d) == nil {
			p.total, p.began = d.Units, e.Time.Time
		}
	case contracts.EventUnitScheduled:
		var d contracts.UnitScheduled
		if json.Unmarshal(e.Data, &d) == nil {
			p.where[e.Subject] = d.Target
			p.out[d.Target]++
		}
	case contracts.EventUnitCached:
		p.done++
	case contracts.EventUnitCompleted:
		p.back(e.Subject)
		p.done++
	case contracts.EventUnitFailed, contracts.EventUnitTimeout, contracts.EventUnitCancelled:
		p.back(e.Subject)
		p.failed++
	case contracts.EventUnitSkipped:
		p.skipped++
	case contracts.EventUnitLeaseLost:
		p.back(e.Subject)
		p.lost++
	case contracts.EventUnitRetried:
		p.failed--
		p.retried++
	case contracts.EventSessionCompleted, contracts.EventSessionFailed, contracts.EventSessionCancelled:
		var d contracts.SessionEnded
		if json.Unmarshal(e.Data, &d) == nil {
			p.ended = &d
		}
	}
}

// copied counts the copies that units had; where a unit is stays as it is.
func (p *progress) copied(e *contracts.Event) {
	if e.Type == contracts.EventUnitScheduled {
		p.copies++
	}
}

func (p *progress) back(unit string) {
	if n, ok := p.where[unit]; ok {
		delete(p.where, unit)
		p.out[n]--
	}
}

func (p *progress) finished() int { return p.done + p.failed + p.skipped }

// line is the state in words: what is done, what runs where, what went wrong.
func (p *progress) line() string {
	parts := []string{fmt.Sprintf("%d running", len(p.where))}
	if nodes := p.nodes(); len(nodes) > 0 && len(nodes) <= 8 {
		parts[0] += " (" + strings.Join(nodes, " ") + ")"
	}
	for _, n := range []struct {
		count int
		what  string
	}{{p.failed, "failed"}, {p.skipped, "skipped"}, {p.lost, "taken back"}, {p.retried, "retried"}, {p.copies, "copied"}} {
		if n.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n.count, n.what))
		}
	}
	return strings.Join(parts, ", ")
}

func (p *progress) nodes() []string {
	var nodes []string
	for id, n := range p.out {
		if n > 0 {
			nodes = append(nodes, fmt.Sprintf("%s:%d", short(id), n))
		}
	}
	slices.Sort(nodes)
	return nodes
}

// eta guesses how long the rest takes at the pace so far.
func (p *progress) eta(now time.Time) (time.Duration, bool) {
	if p.finished() == 0 || p.total == 0 {
		return 0, false
	}
	pace := now.Sub(p.began) / time.Duration(p.finished())
	return pace * time.Duration(p.total-p.finished()), true
}

// short is the tail of a peer id, which is what differs between ids.
func short(id contracts.NodeID) string {
	if len(id) <= 8 {
		return string(id)
	}
	return string(id[len(id)-8:])
}
