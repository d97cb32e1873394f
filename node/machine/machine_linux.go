package machine

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/krako-labs/krako/node/volunteer"
)

// Machine senses. The zero value senses this machine. Its methods may be called
// concurrently.
type Machine struct {
	// root is where system files are, os.DirFS("/") if nil.
	root fs.FS
	// ask runs a program and returns what it prints, command if nil.
	ask func(name string, args ...string) ([]byte, error)
}

func (m Machine) files() fs.FS {
	if m.root == nil {
		return os.DirFS("/")
	}
	return m.root
}

// OnBattery reports whether there is no mains power.
func (m Machine) OnBattery() volunteer.Reading[bool] {
	const dir = "sys/class/power_supply"
	entries, err := fs.ReadDir(m.files(), dir)
	if err != nil {
		return volunteer.Unknown[bool]("the kernel tells nothing of power supplies")
	}
	var all []supply
	for _, e := range entries {
		read := func(name string) string {
			text, err := fs.ReadFile(m.files(), path.Join(dir, e.Name(), name))
			if err != nil {
				return "" // most supplies lack some of them
			}
			return strings.TrimSpace(string(text))
		}
		all = append(all, supply{kind: read("type"), scope: read("scope"), online: read("online"), status: read("status")})
	}
	return onBattery(all)
}

// Load returns the load average of the last minute.
func (m Machine) Load() volunteer.Reading[float64] {
	text, err := fs.ReadFile(m.files(), "proc/loadavg")
	if err != nil {
		return volunteer.Unknown[float64]("no /proc/loadavg")
	}
	return parseLoadAverage(text)
}

// Free returns the memory that programs can have without swapping, in bytes.
func (m Machine) Free() volunteer.Reading[int64] { return m.memory("MemAvailable") }

// Memory returns the machine's memory in bytes.
func (m Machine) Memory() volunteer.Reading[int64] { return m.memory("MemTotal") }

func (m Machine) memory(name string) volunteer.Reading[int64] {
	text, err := fs.ReadFile(m.files(), "proc/meminfo")
	if err != nil {
		return volunteer.Unknown[int64]("no /proc/meminfo")
	}
	return parseMemory(text, name)
}

// Idle returns how long nobody has used the machine.
func (m Machine) Idle(now time.Time) volunteer.Reading[time.Duration] {
	start, ok := m.sinceStart()
	if !ok {
		return volunteer.Unknown[time.Duration]("no /proc/uptime")
	}
	all, err := m.logins()
	switch {
	case err == nil:
		return volunteer.Sensed(idleOf(all, now, start, m.lastInput))
	case m.graphical():
		return volunteer.Unknown[time.Duration]("there is a graphical session, and logind does not answer")
	}
	all = m.terminals()
	if len(all) == 0 {
		return volunteer.Unknown[time.Duration]("logind does not answer, and there is no terminal")
	}
	return volunteer.Sensed(idleOf(all, now, start, m.lastInput))
}

func (m Machine) sinceStart() (time.Duration, bool) {
	text, err := fs.ReadFile(m.files(), "proc/uptime")
	if err != nil {
		return 0, false
	}
	r := parseLoadAverage(text) // the same form: a number, then more
	return time.Duration(r.Value * float64(time.Second)), r.Known
}

// maxLogins bounds the sessions that are asked about at once.
const maxLogins = 256

func (m Machine) logins() ([]login, error) {
	ask := m.ask
	if ask == nil {
		ask = command
	}
	text, err := ask("loginctl", "list-sessions", "--no-legend")
	if err != nil {
		return nil, err
	}
	args := []string{"show-session", "-p", "Class", "-p", "Type", "-p", "State", "-p", "TTY", "-p", "IdleHint", "-p", "IdleSinceHint"}
	fixed := len(args)
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 0 {
			args = append(args, fields[0])
		}
	}
	switch n := len(args) - fixed; {
	case n == 0:
		return nil, nil
	case n > maxLogins:
		return nil, errors.New("too many sessions")
	}
	if text, err = ask("loginctl", args...); err != nil {
		return nil, err
	}
	return parseLogins(text)
}

// graphical reports whether there is a display server.
func (m Machine) graphical() bool {
	for _, pattern := range []string{"tmp/.X11-unix/X*", "run/user/*/wayland-*"} {
		if found, _ := fs.Glob(m.files(), pattern); len(found) > 0 { // the patterns are well-formed
			return true
		}
	}
	return false
}

// terminals lists the pseudo terminals, which are those of people, as logins.
func (m Machine) terminals() (all []login) {
	found, _ := fs.Glob(m.files(), "dev/pts/[0-9]*") // the pattern is well-formed
	for _, f := range found {
		all = append(all, login{class: "user", kind: "tty", tty: strings.TrimPrefix(f, "dev/")})
	}
	return all
}

// lastInput returns when something was last typed at a terminal: the kernel keeps
// it, to eight seconds, as the time of the last access.
func (m Machine) lastInput(tty string) (time.Time, bool) {
	name := path.Join("dev", tty)
	if tty == "" || !fs.ValidPath(name) {
		return time.Time{}, false
	}
	info, err := fs.Stat(m.files(), name)
	if err != nil {
		return time.Time{}, false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(s.Atim.Unix()), true
}
