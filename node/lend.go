package node

import (
	"time"

	"github.com/krako-labs/krako/internal/sandbox/confine"
	"github.com/krako-labs/krako/node/volunteer"
)

// Values of Config.Priority.
const (
	// PriorityIdle has what no other program wants, PriorityLow little when others
	// want it too, PriorityNormal as much as anybody.
	PriorityIdle   = "idle"
	PriorityLow    = "low"
	PriorityNormal = "normal"
)

// maxHold bounds Config.PauseHold: the leases of what is held do not end.
const maxHold = 10 * time.Minute

// Lends is what the owner of the machine lets the node have, and when.
type Lends struct {
	Slots       int      `json:"slots"`
	CPUShare    int      `json:"cpu_share"`
	Priority    string   `json:"priority"`
	MemoryMB    int      `json:"memory_mb"`
	MemoryCapMB int      `json:"memory_cap_mb,omitempty"`
	DiskMB      int      `json:"disk_mb"`
	Hours       []string `json:"hours,omitempty"`
	IdleFor     string   `json:"idle_for,omitempty"`
	OnBattery   bool     `json:"on_battery"`
	MaxLoad     float64  `json:"max_load,omitempty"`
	MinFreeMB   int      `json:"min_free_mb,omitempty"`
}

func (c *Config) lends() Lends {
	l := Lends{
		Slots: c.Slots, CPUShare: c.CPUShare, Priority: c.Priority, MemoryMB: c.MemoryMB, MemoryCapMB: c.MemoryCapMB,
		DiskMB: c.CacheMB + c.CodeMB, Hours: c.Hours, OnBattery: c.OnBattery, MaxLoad: c.MaxLoad, MinFreeMB: c.MinFreeMB,
	}
	if c.IdleFor > 0 {
		l.IdleFor = c.IdleFor.String()
	}
	return l
}

func (c *Config) checkVolunteer(p *problems) {
	p.within("cpu_share", c.CPUShare, 1, 100)
	p.require(c.Priority == PriorityIdle || c.Priority == PriorityLow || c.Priority == PriorityNormal, "priority",
		"is %q, not %q, %q or %q", c.Priority, PriorityIdle, PriorityLow, PriorityNormal)
	p.within("memory_cap_mb", c.MemoryCapMB, 0, MaxMemoryMB)
	_, err := volunteer.ParseSchedule(c.Hours)
	p.check("hours", err)
	p.require(c.IdleFor >= 0, "idle_for", "is %s, less than 0", c.IdleFor)
	p.require(c.MaxLoad >= 0 && c.MaxLoad <= 1000, "max_load", "is %v, not 0 to 1000", c.MaxLoad)
	p.within("min_free_mb", c.MinFreeMB, 0, MaxMemoryMB)
	p.require(c.PauseHold >= 0 && c.PauseHold <= maxHold, "pause_hold", "is %s, not 0 to %s", c.PauseHold, maxHold)
}

// owner is the rules of a sound Config.
func (c *Config) owner() (volunteer.Rules, error) {
	hours, err := volunteer.ParseSchedule(c.Hours)
	return volunteer.Rules{
		Hours: hours, IdleFor: c.IdleFor, OnBattery: c.OnBattery, MaxLoad: c.MaxLoad, MinFree: int64(c.MinFreeMB) << 20,
	}, err
}

func (c *Config) rank() confine.Rank {
	switch c.Priority {
	case PriorityIdle:
		return confine.RankIdle
	case PriorityLow:
		return confine.RankLow
	}
	return confine.RankNormal
}
