package volunteer

import (
	"fmt"
	"time"
)

// Cause is why a node is paused, as it is told to others: it says no more of a
// person's habits than that.
type Cause string

// The causes, in the order in which they are given.
const (
	Manual  Cause = "manual"
	Hours   Cause = "hours"
	Battery Cause = "battery"
	User    Cause = "user"
	Load    Cause = "load"
	Memory  Cause = "memory"
)

// Rules are what the owner of the machine wants. The zero value pauses on battery
// and for nothing else.
type Rules struct {
	// Hours are when to work; none is always.
	Hours Schedule
	// IdleFor is how long nobody may have touched the machine before it works; 0
	// works whoever is there.
	IdleFor time.Duration
	// OnBattery works without mains power too.
	OnBattery bool
	// MaxLoad pauses while the work of others is more than so much of each
	// processor, 1 being all of it; 0 does not look.
	MaxLoad float64
	// MinFree pauses while less memory than so many bytes is free for programs; 0
	// does not look.
	MinFree int64
}

// Reading is something that was sensed, or why it was not.
type Reading[T any] struct {
	Value T
	Known bool
	Why   string // not known
}

// Sensed makes a Reading that is known.
func Sensed[T any](v T) Reading[T] { return Reading[T]{Value: v, Known: true} }

// Unknown makes a Reading that is not.
func Unknown[T any](why string) Reading[T] { return Reading[T]{Why: why} }

// Pause is an order of the owner.
type Pause struct {
	Since time.Time `json:"since"`
	// Until is the end of it, zero for until further notice.
	Until time.Time `json:"until,omitzero"`
}

// Over reports whether a pause has ended.
func (p *Pause) Over(now time.Time) bool { return !p.Until.IsZero() && !now.Before(p.Until) }

// Senses is what is known at a moment.
type Senses struct {
	// Now is in the time zone in which Rules.Hours are meant.
	Now time.Time
	// Order is the owner's latest, nil for none.
	Order *Pause
	// OnBattery is true without mains power.
	OnBattery Reading[bool]
	// Idle is how long nobody has touched the machine.
	Idle Reading[time.Duration]
	// Load is that of everything but this node's work, in processors' worth of
	// each processor.
	Load Reading[float64]
	// Free is the memory that programs can have without swapping, in bytes.
	Free Reading[int64]
}

// Reason is one cause for which a node is paused.
type Reason struct {
	Cause Cause `json:"cause"`
	// Text says it to the owner.
	Text  string    `json:"text"`
	Since time.Time `json:"since"`
	// Until is when it ends, if that is known.
	Until time.Time `json:"until,omitzero"`
}

// Decision is what a node is to do. The zero value is to work.
type Decision struct {
	// Reasons are all that hold; one is enough to pause.
	Reasons []Reason `json:"reasons,omitempty"`
}

// Paused reports whether the node is not to work.
func (d Decision) Paused() bool { return len(d.Reasons) > 0 }

func (d Decision) reason(c Cause) *Reason {
	for i := range d.Reasons {
		if d.Reasons[i].Cause == c {
			return &d.Reasons[i]
		}
	}
	return nil
}

const (
	// dwell is how long a pause for load or memory lasts at least: both change when
	// the node stops, and a node that starts and stops all the time serves nobody.
	dwell = time.Minute
	// calm is the part of the greatest load that must be undercut before work goes
	// on, and roomy how many times the least free memory must be exceeded.
	calm  = 0.75
	roomy = 2
)

// Decide applies the rules. before is the decision that holds until now.
func (r *Rules) Decide(before Decision, s Senses) Decision {
	var d Decision
	for _, rule := range []struct {
		cause Cause
		judge func(since time.Time, s *Senses) (string, time.Time)
	}{
		{Manual, r.order}, {Hours, r.hours}, {Battery, r.battery}, {User, r.user}, {Load, r.load}, {Memory, r.memory},
	} {
		var since time.Time // zero: it does not hold yet
		if was := before.reason(rule.cause); was != nil {
			since = was.Since
		}
		if text, until := rule.judge(since, &s); text != "" {
			if since.IsZero() {
				since = s.Now
			}
			d.Reasons = append(d.Reasons, Reason{Cause: rule.cause, Text: text, Since: since, Until: until})
		}
	}
	return d
}

func (r *Rules) order(_ time.Time, s *Senses) (string, time.Time) {
	if s.Order == nil || s.Order.Over(s.Now) {
		return "", time.Time{}
	}
	return "paused by hand", s.Order.Until
}

func (r *Rules) hours(_ time.Time, s *Senses) (string, time.Time) {
	if r.Hours.Allows(s.Now) {
		return "", time.Time{}
	}
	return "outside the hours " + r.Hours.String(), r.Hours.Next(s.Now)
}

func (r *Rules) battery(_ time.Time, s *Senses) (string, time.Time) {
	if r.OnBattery || !s.OnBattery.Known || !s.OnBattery.Value {
		return "", time.Time{}
	}
	return "on battery", time.Time{}
}

func (r *Rules) user(_ time.Time, s *Senses) (string, time.Time) {
	switch {
	case r.IdleFor <= 0:
		return "", time.Time{}
	case !s.Idle.Known:
		return "whether somebody uses this machine cannot be told: " + s.Idle.Why, time.Time{}
	case s.Idle.Value < r.IdleFor:
		return "in use", s.Now.Add(r.IdleFor - s.Idle.Value)
	}
	return "", time.Time{}
}

func (r *Rules) load(since time.Time, s *Senses) (string, time.Time) {
	most := r.MaxLoad
	switch {
	case r.MaxLoad <= 0:
		return "", time.Time{}
	case !s.Load.Known:
		return "how busy this machine is cannot be told: " + s.Load.Why, time.Time{}
	case !since.IsZero():
		most *= calm
	}
	if s.Load.Value > most {
		return fmt.Sprintf("other programs use %.0f %% of the processors, more than %.0f %%", 100*s.Load.Value, 100*most), time.Time{}
	}
	return lingers("other programs were busy", since, s.Now)
}

func (r *Rules) memory(since time.Time, s *Senses) (string, time.Time) {
	least := r.MinFree
	switch {
	case r.MinFree <= 0:
		return "", time.Time{}
	case !s.Free.Known:
		return "how much memory is free cannot be told: " + s.Free.Why, time.Time{}
	case !since.IsZero():
		least *= roomy
	}
	if s.Free.Value < least {
		return fmt.Sprintf("%d MiB of memory are free, less than %d", s.Free.Value>>20, least>>20), time.Time{}
	}
	return lingers("memory was short", since, s.Now)
}

// lingers keeps up a pause that is too young to end.
func lingers(text string, since, now time.Time) (string, time.Time) {
	if until := since.Add(dwell); !since.IsZero() && now.Before(until) {
		return text, until
	}
	return "", time.Time{}
}
