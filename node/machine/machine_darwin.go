package machine

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"

	"github.com/krako-labs/krako/node/volunteer"
)

// Machine senses. The zero value senses this machine. Its methods may be called
// concurrently.
type Machine struct{}

// OnBattery reports whether there is no mains power.
func (Machine) OnBattery() volunteer.Reading[bool] {
	text, err := command("/usr/bin/pmset", "-g", "batt")
	if err != nil {
		return volunteer.Unknown[bool](err.Error())
	}
	return parsePmset(text)
}

// Idle returns how long nobody has used the machine.
func (Machine) Idle(time.Time) volunteer.Reading[time.Duration] {
	text, err := command("/usr/sbin/ioreg", "-c", "IOHIDSystem")
	if err != nil {
		return volunteer.Unknown[time.Duration](err.Error())
	}
	return parseIoreg(text)
}

// Load returns the load average of the last minute: struct loadavg is three
// numbers of 32 bits and, aligned to 8 bytes, what they are to be divided by.
func (Machine) Load() volunteer.Reading[float64] {
	raw, err := unix.SysctlRaw("vm.loadavg")
	if err != nil || len(raw) < 24 {
		return volunteer.Unknown[float64]("the kernel tells no vm.loadavg")
	}
	scale := binary.LittleEndian.Uint64(raw[16:])
	if scale == 0 {
		return volunteer.Unknown[float64]("vm.loadavg has another form")
	}
	return volunteer.Sensed(float64(binary.LittleEndian.Uint32(raw)) / float64(scale))
}

// Free is not known: macOS compresses memory and has no number that means the
// same.
func (Machine) Free() volunteer.Reading[int64] {
	return volunteer.Unknown[int64]("macOS does not tell")
}

// Memory returns the machine's memory in bytes.
func (Machine) Memory() volunteer.Reading[int64] {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil || n > 1<<53 {
		return volunteer.Unknown[int64]("the kernel tells no hw.memsize")
	}
	return volunteer.Sensed(int64(n))
}
