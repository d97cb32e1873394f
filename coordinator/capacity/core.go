package capacity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/pressure"
)

// Sample is what was seen of the queue of model calls at one moment.
type Sample struct {
	// At is the time in microseconds since 1970-01-01 UTC.
	At int64 `json:"at" cbor:"at"`
	// Queued calls wait, Running are out.
	Queued  int `json:"queued" cbor:"q"`
	Running int `json:"running" cbor:"r"`
	// WaitMS is the 95th percentile of how long the queued ones have waited.
	WaitMS int64 `json:"wait_p95_ms" cbor:"w"`
	// Pods are connected, with so many slots together.
	Pods  int `json:"pods" cbor:"p"`
	Slots int `json:"slots" cbor:"s"`
}

// Decision is one thing that a sample, or the lack of one, led to. Exactly one of
// the pointers is set.
type Decision struct {
	Scale      *Scale
	Mode       *Mode
	Congestion *Congestion
}

// Scale is how many pods are wanted, and how many calls each should take.
type Scale struct {
	From        int
	To          int
	Concurrency int
	Reason      string
}

// Mode is how much is let in.
type Mode struct {
	Mode   pressure.Mode
	Reason string
}

// Congestion says that no more pods can be had and calls wait all the same, or that
// this is over.
type Congestion struct {
	On bool
}

// Core is the fold. It is owned by one goroutine.
type Core struct {
	state state
	out   []Decision
}

// state is everything that a snapshot holds.
type state struct {
	Policy  Policy        `json:"policy"`
	Desired int           `json:"desired"`
	Mode    pressure.Mode `json:"mode"`
	Jammed  bool          `json:"congested,omitempty"`
	Frozen  bool          `json:"frozen,omitempty"`
	Last    Sample        `json:"last"`
	// Wants are what the samples of the window wanted, oldest first, each at most
	// once: those behind it that are no higher are left out.
	Wants []want `json:"wants,omitempty"`
	// Times of the last changes up and down, and since when a mode may be eased, in
	// microseconds; 0 for never.
	Up    int64 `json:"up,omitempty"`
	Down  int64 `json:"down,omitempty"`
	Eased int64 `json:"eased,omitempty"`
}

type want struct {
	At   int64 `json:"at"`
	Pods int   `json:"pods"`
}

// New returns a core that wants the least pods, and has seen nothing yet.
func New(p Policy) (*Core, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return &Core{state: state{Policy: p, Desired: p.Min, Mode: pressure.Open}}, nil
}

// Observe takes the next sample and returns what follows, which the caller may read
// until the next call. A sample that makes no sense is a VALIDATION_ERROR and
// changes nothing, one that is not newer than the last is passed over.
func (c *Core) Observe(s Sample) ([]Decision, error) {
	c.out = c.out[:0]
	if s.Queued < 0 || s.Running < 0 || s.WaitMS < 0 || s.Pods < 0 || s.Slots < 0 || s.At <= 0 {
		return nil, contracts.Errorf(contracts.CodeValidation, "capacity sample", "%+v has a negative count or no time", s)
	}
	if s.At <= c.state.Last.At {
		return nil, nil
	}
	c.state.Last, c.state.Frozen = s, false
	c.scale()
	c.admit()
	return c.out, nil
}

// Tick notes that time has passed. Without samples for a while the number of pods is
// frozen, and less is let in.
func (c *Core) Tick(now int64) []Decision {
	c.out = c.out[:0]
	s := &c.state
	if s.Frozen || s.Last.At == 0 || now-s.Last.At < micros(s.Policy.Stale) {
		return nil
	}
	s.Frozen, s.Eased = true, 0
	if s.Mode == pressure.Open {
		c.mode(pressure.Throttled, "no samples")
	}
	return c.out
}

func micros(d time.Duration) int64 { return d.Microseconds() }

// slots is how many calls a pod takes.
func (s *state) slots() int {
	if s.Last.Pods > 0 && s.Last.Slots >= s.Last.Pods {
		return s.Last.Slots / s.Last.Pods
	}
	return s.Policy.Slots
}

// wanted is how many pods the last sample asks for by itself.
func (s *state) wanted() (pods int, reason string) {
	demand := s.Last.Queued + s.Last.Running
	if demand == 0 {
		return s.Policy.Min, "idle"
	}
	pods = int(math.Ceil(float64(demand) / (float64(s.slots()) * s.Policy.Utilisation)))
	reason = fmt.Sprintf("%d queued, %d running", s.Last.Queued, s.Last.Running)
	if s.Last.WaitMS > s.Policy.Wait.Milliseconds() && pods <= s.Last.Pods {
		pods, reason = s.Last.Pods+1, fmt.Sprintf("calls wait %dms", s.Last.WaitMS)
	}
	return max(pods, 1), reason
}

// scale changes the number of pods that are wanted, if it is time to.
func (c *Core) scale() {
	s := &c.state
	now, p := s.Last.At, &s.Policy
	pods, reason := s.wanted()
	pods = min(max(pods, p.Min), p.Max)
	for len(s.Wants) > 0 && s.Wants[len(s.Wants)-1].Pods <= pods {
		s.Wants = s.Wants[:len(s.Wants)-1]
	}
	s.Wants = append(s.Wants, want{now, pods})
	for now-s.Wants[0].At > micros(p.Window) {
		s.Wants = s.Wants[1:]
	}
	switch most := s.Wants[0].Pods; {
	case pods > s.Desired && (s.Up == 0 || now-s.Up >= micros(p.UpEvery)):
		s.Up = now
		c.want(min(pods, s.Desired+p.StepUp), reason)
	case most < s.Desired && now-max(s.Down, s.Up) >= micros(p.DownEvery):
		s.Down = now
		c.want(max(most, s.Desired-p.StepDown), reason)
	}
}

func (c *Core) want(pods int, reason string) {
	c.out = append(c.out, Decision{Scale: &Scale{From: c.state.Desired, To: pods, Concurrency: c.state.slots(), Reason: reason}})
	c.state.Desired = pods
}

// admit decides how much is let in: calls that wait count only when no more pods
// can be had.
func (c *Core) admit() {
	s := &c.state
	p := &s.Policy
	wait := time.Duration(s.Last.WaitMS) * time.Millisecond
	full := s.Desired >= p.Max
	jammed := full && s.Last.Queued > 0 && (wait >= p.Wait || s.Jammed)
	if jammed != s.Jammed {
		s.Jammed = jammed
		c.out = append(c.out, Decision{Congestion: &Congestion{jammed}})
	}
	why := fmt.Sprintf("calls wait %s", wait)
	switch {
	case full && wait >= p.Critical && s.Mode != pressure.Critical:
		c.mode(pressure.Critical, why)
	case full && wait >= p.Throttle && s.Mode == pressure.Open:
		c.mode(pressure.Throttled, why)
	default:
		c.ease(wait, full)
	}
}

// ease leaves a mode, one at a time, when the wait has been short for long enough.
func (c *Core) ease(wait time.Duration, full bool) {
	s := &c.state
	at, easier := s.Policy.Throttle, pressure.Open
	if s.Mode == pressure.Critical {
		at, easier = s.Policy.Critical, pressure.Throttled
	}
	if s.Mode == pressure.Open || full && wait >= at/2 {
		s.Eased = 0
		return
	}
	if s.Eased == 0 {
		s.Eased = s.Last.At
	}
	if s.Last.At-s.Eased >= micros(s.Policy.Rest) {
		c.mode(easier, "calls are taken in time")
	}
}

func (c *Core) mode(m pressure.Mode, reason string) {
	c.state.Mode, c.state.Eased = m, 0
	c.out = append(c.out, Decision{Mode: &Mode{m, reason}})
}

// Desired is how many pods are wanted.
func (c *Core) Desired() int { return c.state.Desired }

// Mode is how much is let in.
func (c *Core) Mode() pressure.Mode { return c.state.Mode }

// View is the state as far as it is of use to others.
type View struct {
	Policy     Policy
	Last       Sample
	Desired    int
	Mode       pressure.Mode
	Congestion bool
	Frozen     bool
}

// View returns the state.
func (c *Core) View() View {
	s := &c.state
	return View{s.Policy, s.Last, s.Desired, s.Mode, s.Jammed, s.Frozen}
}

// Snapshot returns the core's state. Equal cores give equal bytes.
func (c *Core) Snapshot() ([]byte, error) {
	b, err := json.Marshal(&c.state)
	if err != nil {
		return nil, fmt.Errorf("encode capacity snapshot: %w", err)
	}
	return b, nil
}

// Restore returns the core of a snapshot.
func Restore(snapshot []byte) (*Core, error) {
	c := &Core{}
	d := json.NewDecoder(bytes.NewReader(snapshot))
	d.DisallowUnknownFields()
	if err := d.Decode(&c.state); err != nil {
		return nil, contracts.Errorf(contracts.CodeInternal, "capacity snapshot", "decode: %w", err)
	}
	return c, c.state.Policy.Validate()
}
