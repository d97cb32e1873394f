//go:build !linux && !darwin && !windows

package machine

import (
	"time"

	"github.com/krako-labs/krako/node/volunteer"
)

const untold = "not on this system"

// Machine senses nothing on this system.
type Machine struct{}

// OnBattery is not known.
func (Machine) OnBattery() volunteer.Reading[bool] { return volunteer.Unknown[bool](untold) }

// Idle is not known.
func (Machine) Idle(time.Time) volunteer.Reading[time.Duration] {
	return volunteer.Unknown[time.Duration](untold)
}

// Load is not known.
func (Machine) Load() volunteer.Reading[float64] { return volunteer.Unknown[float64](untold) }

// Free is not known.
func (Machine) Free() volunteer.Reading[int64] { return volunteer.Unknown[int64](untold) }

// Memory is not known.
func (Machine) Memory() volunteer.Reading[int64] { return volunteer.Unknown[int64](untold) }
