package machine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fakeRoot is a directory with these files, relative to it.
func fakeRoot(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func silent(string, ...string) ([]byte, error) { return nil, errors.New("no such program") }

func TestBatteryIsReadFromTheKernel(t *testing.T) {
	dir := fakeRoot(t, map[string]string{
		"sys/class/power_supply/AC/type": "Mains\n", "sys/class/power_supply/AC/online": "0\n",
		"sys/class/power_supply/BAT0/type": "Battery\n", "sys/class/power_supply/BAT0/status": "Discharging\n",
	})
	m := Machine{root: os.DirFS(dir), ask: silent}
	if got := m.OnBattery(); !got.Known || !got.Value {
		t.Errorf("unplugged: %+v", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "sys/class/power_supply/AC/online"), []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := m.OnBattery(); !got.Known || got.Value {
		t.Errorf("plugged in: %+v", got)
	}
	m.root = os.DirFS(t.TempDir())
	if got := m.OnBattery(); got.Known || got.Why == "" {
		t.Errorf("a kernel that tells nothing: %+v", got)
	}
}

// TestIdleWithoutLogind asks terminals, unless there is a display.
func TestIdleWithoutLogind(t *testing.T) {
	dir := fakeRoot(t, map[string]string{"proc/uptime": "7200.00 100.00\n", "dev/pts/0": "", "dev/pts/1": "", "dev/pts/ptmx": ""})
	now := time.Now()
	for name, ago := range map[string]time.Duration{"0": time.Hour, "1": 10 * time.Minute, "ptmx": 0} {
		if err := os.Chtimes(filepath.Join(dir, "dev/pts", name), now.Add(-ago), now); err != nil {
			t.Fatal(err)
		}
	}
	m := Machine{root: os.DirFS(dir), ask: silent}
	if got := m.Idle(now); !got.Known || got.Value.Round(time.Second) != 10*time.Minute {
		t.Errorf("two terminals: %+v", got)
	}
	if err := os.MkdirAll(filepath.Join(dir, "tmp/.X11-unix/X0"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := m.Idle(now); got.Known || !strings.Contains(got.Why, "graphical") {
		t.Errorf("a display: %+v", got)
	}
	m.root = os.DirFS(fakeRoot(t, map[string]string{"proc/uptime": "7200.00 100.00\n"}))
	if got := m.Idle(now); got.Known || got.Why == "" {
		t.Errorf("a machine that nobody can log in to: %+v", got)
	}
}

func TestIdleAsksLogindForAllSessions(t *testing.T) {
	now := time.UnixMicro(1_795_000_000_000_000)
	var asked [][]string
	m := Machine{root: os.DirFS(fakeRoot(t, map[string]string{"proc/uptime": "7200.00 100.00\n"}))}
	m.ask = func(_ string, args ...string) ([]byte, error) {
		asked = append(asked, args)
		if args[0] == "list-sessions" {
			return []byte("     2 1000 ada seat0 tty2 active no -\n    c1 120 gdm seat0 tty1 online no -\n"), nil
		}
		return []byte("Class=user\nType=wayland\nState=active\nIdleHint=yes\nIdleSinceHint=1794999400000000\n\nClass=greeter\nType=x11\nState=online\nIdleHint=no\nIdleSinceHint=0\n"), nil
	}
	if got := m.Idle(now); !got.Known || got.Value != 10*time.Minute {
		t.Errorf("%+v", got)
	}
	if n := len(asked); n != 2 || strings.Join(asked[1][len(asked[1])-2:], " ") != "2 c1" {
		t.Errorf("asked %v", asked)
	}
}

// TestThisMachine looks at the real one: whatever is known is plausible, and what
// is not has a reason.
func TestThisMachine(t *testing.T) {
	var m Machine
	if got := m.Load(); !got.Known || got.Value < 0 {
		t.Errorf("load %+v", got)
	}
	if free, all := m.Free(), m.Memory(); !free.Known || !all.Known || free.Value <= 0 || free.Value > all.Value {
		t.Errorf("%+v of %+v are free", free, all)
	}
	if got := m.Idle(time.Now()); !got.Known && got.Why == "" || got.Value < 0 {
		t.Errorf("idle %+v", got)
	}
	if got := m.OnBattery(); !got.Known && got.Why == "" {
		t.Errorf("battery %+v", got)
	}
}
