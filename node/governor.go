package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/durable"
	"github.com/krako-labs/krako/node/volunteer"
)

// senses is what a governor knows the machine by (package machine).
type senses interface {
	OnBattery() volunteer.Reading[bool]
	Idle(now time.Time) volunteer.Reading[time.Duration]
	Load() volunteer.Reading[float64]
	Free() volunteer.Reading[int64]
}

// governor keeps the owner's order and the decision that holds. It acts on
// nothing. Safe for concurrent use.
type governor struct {
	rules   volunteer.Rules
	machine senses
	path    string // of the order
	tell    bool
	changed pulse // beats when there is an order

	mu       sync.Mutex
	order    *volunteer.Pause
	decision volunteer.Decision
	began    time.Time // of the pause, if there is one
	last     volunteer.Senses
	others   volunteer.OthersLoad
}

// openGovernor takes up the order kept at path. One that cannot be read is an
// error naming the file: the node would not know whether it may work.
func openGovernor(cfg *Config, path string, m senses) (*governor, error) {
	rules, err := cfg.owner()
	if err != nil {
		return nil, err
	}
	g := &governor{rules: rules, machine: m, path: path, tell: cfg.TellReason, changed: make(pulse, 1)}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read pause: %w", err)
	}
	g.order = &volunteer.Pause{}
	if err := json.Unmarshal(text, g.order); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, path, "is no pause: %w; remove it to let the node work", err)
	}
	return g, nil
}

// maxPause bounds a pause with an end: about ten years.
const maxPause = 10 * 366 * 24 * time.Hour

// pause is the owner's order not to work, for so long, 0 until resume. It is kept
// before pause returns and holds after a restart too.
func (g *governor) pause(now time.Time, d time.Duration) error {
	if d < 0 || d > maxPause {
		return contracts.Errorf(contracts.CodeValidation, "for", "%s is not between 0 and %s", d, maxPause)
	}
	p := &volunteer.Pause{Since: now}
	if d > 0 {
		p.Until = now.Add(d)
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(g.path, append(text, '\n')); err != nil {
		return fmt.Errorf("keep pause: %w", err)
	}
	g.set(p)
	return nil
}

// resume withdraws the order.
func (g *governor) resume() error {
	if err := os.Remove(g.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("withdraw pause: %w", err)
	}
	g.set(nil)
	return nil
}

func (g *governor) set(p *volunteer.Pause) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.order = p
	g.changed.beat()
}

// look senses what the rules ask for and decides. running is how many processors
// the node itself keeps busy. One goroutine calls it.
func (g *governor) look(now time.Time, running float64) (before, after volunteer.Decision) {
	s := volunteer.Senses{
		Now: now, OnBattery: g.machine.OnBattery(), Idle: volunteer.Unknown[time.Duration]("nobody asked"),
		Load: g.load(now, running), Free: g.machine.Free(),
	}
	if g.rules.IdleFor > 0 {
		s.Idle = g.machine.Idle(now)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s.Order = g.order
	before, g.decision = g.decision, g.rules.Decide(g.decision, s)
	if !before.Paused() {
		g.began = now
	}
	g.last = s
	return before, g.decision
}

func (g *governor) load(now time.Time, running float64) volunteer.Reading[float64] {
	r := g.machine.Load()
	if r.Known {
		r.Value = g.others.Observe(now, r.Value, running, runtime.NumCPU())
	}
	return r
}

func (g *governor) paused() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.decision.Paused()
}

// since is when the pause began that holds.
func (g *governor) since() (time.Time, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.began, g.decision.Paused()
}

// cause is why the node is paused as others are told, "" if it is not.
func (g *governor) cause() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case !g.decision.Paused():
		return ""
	case !g.tell:
		return "paused"
	}
	return string(g.decision.Reasons[0].Cause)
}

// VolunteerStatus is what the owner's rules say at the moment.
type VolunteerStatus struct {
	Paused  bool               `json:"paused"`
	Reasons []volunteer.Reason `json:"reasons,omitempty"`
	// What is known of the machine; what is not, or what no rule asks for, is in
	// Unknown with the reason.
	OnBattery *bool    `json:"on_battery,omitempty"`
	IdleS     *float64 `json:"idle_s,omitempty"`
	// OthersLoad is the load of other programs for each processor.
	OthersLoad *float64          `json:"others_load,omitempty"`
	FreeMB     *int64            `json:"free_mb,omitempty"`
	Unknown    map[string]string `json:"unknown,omitempty"`
}

func (g *governor) status() VolunteerStatus {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := VolunteerStatus{Paused: g.decision.Paused(), Reasons: g.decision.Reasons, Unknown: map[string]string{}}
	s.OnBattery = known(s.Unknown, "on_battery", g.last.OnBattery)
	s.OthersLoad = known(s.Unknown, "others_load", g.last.Load)
	if idle := known(s.Unknown, "idle_s", g.last.Idle); idle != nil {
		seconds := idle.Seconds()
		s.IdleS = &seconds
	}
	if free := known(s.Unknown, "free_mb", g.last.Free); free != nil {
		mb := *free >> 20
		s.FreeMB = &mb
	}
	return s
}

func known[T any](unknown map[string]string, name string, r volunteer.Reading[T]) *T {
	if !r.Known {
		unknown[name] = r.Why
		return nil
	}
	return &r.Value
}
