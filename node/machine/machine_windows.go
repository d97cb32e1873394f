package machine

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/krako-labs/krako/node/volunteer"
)

// Machine senses. The zero value senses this machine. Its methods may be called
// concurrently.
type Machine struct{}

// systemPowerStatus is SYSTEM_POWER_STATUS.
type systemPowerStatus struct {
	acLine, battery, percent, saver byte
	left, full                      uint32
}

// OnBattery reports whether there is no mains power.
func (Machine) OnBattery() volunteer.Reading[bool] {
	var s systemPowerStatus
	ok, _, err := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetSystemPowerStatus").Call(uintptr(unsafe.Pointer(&s)))
	switch {
	case ok == 0:
		return volunteer.Unknown[bool](err.Error())
	case s.acLine > 1:
		return volunteer.Unknown[bool]("Windows does not know")
	}
	return volunteer.Sensed(s.acLine == 0)
}

// lastInput is LASTINPUTINFO.
type lastInput struct{ size, tick uint32 }

// Idle returns how long nobody has used the machine. A service has a session of
// its own, in which nobody ever does anything.
func (Machine) Idle(time.Time) volunteer.Reading[time.Duration] {
	var session uint32
	if err := windows.ProcessIdToSessionId(uint32(os.Getpid()), &session); err != nil || session == 0 {
		return volunteer.Unknown[time.Duration]("a service cannot see what people do")
	}
	in := lastInput{}
	in.size = uint32(unsafe.Sizeof(in))
	ok, _, err := windows.NewLazySystemDLL("user32.dll").NewProc("GetLastInputInfo").Call(uintptr(unsafe.Pointer(&in)))
	if ok == 0 {
		return volunteer.Unknown[time.Duration](err.Error())
	}
	now, _, _ := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetTickCount").Call()
	return volunteer.Sensed(time.Duration(uint32(now)-in.tick) * time.Millisecond) // both wrap every 49 days
}

// Load is not known: Windows has no load average.
func (Machine) Load() volunteer.Reading[float64] {
	return volunteer.Unknown[float64]("Windows has no load average")
}

// memoryStatus is MEMORYSTATUSEX.
type memoryStatus struct {
	length, load                                       uint32
	total, free, totalPage, freePage, totalV, freeV, x uint64
}

func memory() (memoryStatus, error) {
	m := memoryStatus{}
	m.length = uint32(unsafe.Sizeof(m))
	ok, _, err := windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx").Call(uintptr(unsafe.Pointer(&m)))
	if ok == 0 {
		return m, err
	}
	return m, nil
}

// Free returns the memory that programs can have without swapping, in bytes.
func (Machine) Free() volunteer.Reading[int64] {
	m, err := memory()
	if err != nil {
		return volunteer.Unknown[int64](err.Error())
	}
	return volunteer.Sensed(int64(m.free))
}

// Memory returns the machine's memory in bytes.
func (Machine) Memory() volunteer.Reading[int64] {
	m, err := memory()
	if err != nil {
		return volunteer.Unknown[int64](err.Error())
	}
	return volunteer.Sensed(int64(m.total))
}
