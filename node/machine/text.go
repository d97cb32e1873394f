package machine

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/krako-labs/krako/node/volunteer"
)

// The forms in which systems tell things, read on all of them so that every
// machine tests every form.

// parseLoadAverage reads /proc/loadavg, proc_loadavg(5).
func parseLoadAverage(text []byte) volunteer.Reading[float64] {
	first, _, _ := bytes.Cut(text, []byte(" "))
	n, err := strconv.ParseFloat(string(first), 64)
	if err != nil || !(n >= 0 && n <= 1e6) { // NaN too
		return volunteer.Unknown[float64]("/proc/loadavg has another form")
	}
	return volunteer.Sensed(n)
}

// parseMemory reads a line of /proc/meminfo, proc_meminfo(5), in bytes.
func parseMemory(text []byte, name string) volunteer.Reading[int64] {
	for line := range bytes.Lines(text) {
		rest, ok := bytes.CutPrefix(line, []byte(name+":"))
		if !ok {
			continue
		}
		kib, isKiB := bytes.CutSuffix(bytes.TrimSpace(rest), []byte(" kB"))
		n, err := strconv.ParseInt(string(bytes.TrimSpace(kib)), 10, 53)
		if err == nil && isKiB && n >= 0 {
			return volunteer.Sensed(n << 10)
		}
	}
	return volunteer.Unknown[int64]("/proc/meminfo has no " + name)
}

// supply is one entry of /sys/class/power_supply, by the names of its files
// (Documentation/ABI/testing/sysfs-class-power).
type supply struct{ kind, scope, online, status string }

// onBattery judges by all supplies of the machine itself. One without a battery
// has mains power.
func onBattery(all []supply) volunteer.Reading[bool] {
	discharging := false
	for _, s := range all {
		switch {
		case s.scope == "Device": // the battery of a mouse
		case s.kind != "Battery" && s.kind != "UPS" && s.online == "1":
			return volunteer.Sensed(false)
		case s.kind == "Battery" && s.status == "Discharging", s.kind == "UPS" && s.online == "0":
			discharging = true
		}
	}
	return volunteer.Sensed(discharging)
}

// parsePmset reads what `pmset -g batt` prints on macOS.
func parsePmset(text []byte) volunteer.Reading[bool] {
	switch {
	case bytes.Contains(text, []byte("'Battery Power'")), bytes.Contains(text, []byte("'UPS Power'")):
		return volunteer.Sensed(true)
	case bytes.Contains(text, []byte("'AC Power'")):
		return volunteer.Sensed(false)
	}
	return volunteer.Unknown[bool]("pmset does not say where power comes from")
}

// parseIoreg reads what `ioreg -c IOHIDSystem` prints on macOS: HIDIdleTime is
// nanoseconds.
func parseIoreg(text []byte) volunteer.Reading[time.Duration] {
	_, rest, found := bytes.Cut(text, []byte(`"HIDIdleTime" = `))
	digits, _, _ := bytes.Cut(rest, []byte("\n"))
	n, err := strconv.ParseInt(strings.TrimSpace(string(digits)), 10, 64)
	if !found || err != nil || n < 0 {
		return volunteer.Unknown[time.Duration]("ioreg tells no HIDIdleTime")
	}
	return volunteer.Sensed(time.Duration(n))
}

// login is a session as logind knows it.
type login struct {
	class, kind, state, tty string
	idle                    bool
	idleSince               time.Time
}

// parseLogins reads what `loginctl show-session ID...` prints: lines NAME=value,
// an empty line between sessions.
func parseLogins(text []byte) ([]login, error) {
	var all []login
	for part := range bytes.SplitSeq(text, []byte("\n\n")) {
		if len(bytes.TrimSpace(part)) == 0 {
			continue
		}
		var l login
		for line := range bytes.Lines(part) {
			name, value, _ := strings.Cut(strings.TrimSpace(string(line)), "=")
			switch name {
			case "Class":
				l.class = value
			case "Type":
				l.kind = value
			case "State":
				l.state = value
			case "TTY":
				l.tty = value
			case "IdleHint":
				l.idle = value == "yes"
			case "IdleSinceHint":
				us, err := strconv.ParseInt(value, 10, 64)
				if err != nil {
					return nil, fmt.Errorf("IdleSinceHint %.40q: %w", value, err)
				}
				l.idleSince = time.UnixMicro(us)
			}
		}
		if l.class == "" || l.kind == "" {
			return nil, errors.New("a session without a class or a type")
		}
		all = append(all, l)
	}
	return all, nil
}

// idleOf is how long nobody has used any of the sessions. A terminal is asked for
// its last input; a desktop says itself whether it is idle. Where nobody is
// logged in nobody has used the machine since it started.
func idleOf(all []login, now time.Time, sinceStart time.Duration, lastInput func(tty string) (time.Time, bool)) time.Duration {
	idle := sinceStart
	for _, l := range all {
		if l.class != "user" || l.state == "closing" {
			continue
		}
		since := now
		switch l.kind {
		case "x11", "wayland", "mir":
			if l.idle && !l.idleSince.IsZero() {
				since = l.idleSince
			}
		case "tty":
			if at, ok := lastInput(l.tty); ok {
				since = at
			}
		default:
			continue // a session that nobody sits at, such as a timer's
		}
		idle = min(idle, max(now.Sub(since), 0))
	}
	return idle
}
