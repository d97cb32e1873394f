package machine

import (
	"testing"
	"time"
)

func TestPowerSupplies(t *testing.T) {
	laptop := supply{kind: "Battery", status: "Discharging"}
	for name, c := range map[string]struct {
		all  []supply
		want bool
	}{
		"a desktop":                     {nil, false},
		"a laptop on battery":           {[]supply{{kind: "Mains", online: "0"}, laptop}, true},
		"a laptop on mains":             {[]supply{{kind: "Mains", online: "1"}, {kind: "Battery", status: "Charging"}}, false},
		"a laptop on a weak charger":    {[]supply{laptop, {kind: "USB", online: "1"}}, false},
		"a laptop that tells no mains":  {[]supply{laptop}, true},
		"a full one that tells no more": {[]supply{{kind: "Battery", status: "Full"}}, false},
		"a desktop with a mouse":        {[]supply{{kind: "Battery", scope: "Device", status: "Discharging"}}, false},
		"a server on its UPS":           {[]supply{{kind: "UPS", online: "0"}}, true},
		"a server with a UPS":           {[]supply{{kind: "UPS", online: "1"}}, false},
	} {
		if got := onBattery(c.all); !got.Known || got.Value != c.want {
			t.Errorf("%s: %+v, want %v", name, got, c.want)
		}
	}
}

func TestPmset(t *testing.T) {
	for text, want := range map[string]bool{
		"Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t83%; discharging; 4:11 remaining present: true\n": true,
		"Now drawing from 'AC Power'\n -InternalBattery-0 (id=1)\t100%; charged; 0:00 remaining present: true\n":         false,
	} {
		if got := parsePmset([]byte(text)); !got.Known || got.Value != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if got := parsePmset([]byte("no such command")); got.Known || got.Why == "" {
		t.Errorf("nonsense: %+v", got)
	}
}

func TestIoreg(t *testing.T) {
	text := "    | |   \"HIDIdleTime\" = 1234567890\n    | |   \"HIDIdleTime\" = 99\n"
	if got := parseIoreg([]byte(text)); !got.Known || got.Value != 1234567890 {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"", `"HIDIdleTime" = -1`, `"HIDIdleTime" = soon`} {
		if got := parseIoreg([]byte(bad)); got.Known || got.Why == "" {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func TestMemoryAndLoad(t *testing.T) {
	text := []byte("MemTotal:       16303708 kB\nMemFree:          501664 kB\nMemAvailable:    8151854 kB\n")
	if got := parseMemory(text, "MemAvailable"); !got.Known || got.Value != 8151854<<10 {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"", "MemAvailable: much kB", "MemAvailable: 12", "MemAvailable: -1 kB"} {
		if got := parseMemory([]byte(bad), "MemAvailable"); got.Known || got.Why == "" {
			t.Errorf("%q: %+v", bad, got)
		}
	}
	if got := parseLoadAverage([]byte("1.25 0.80 0.50 2/345 6789\n")); !got.Known || got.Value != 1.25 {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"", "busy", "-1 0 0", "NaN 0 0", "1e99 0 0"} {
		if got := parseLoadAverage([]byte(bad)); got.Known || got.Why == "" {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

// TestSessions reads sessions as logind prints them and asks how long nobody was
// there.
func TestSessions(t *testing.T) {
	now := time.UnixMicro(1_795_000_000_000_000)
	typed := func(tty string) (time.Time, bool) {
		at, ok := map[string]time.Duration{"tty2": 40 * time.Minute, "pts/3": time.Minute}[tty]
		return now.Add(-at), ok
	}
	const (
		idleDesktop = "Class=user\nType=wayland\nState=active\nTTY=\nIdleHint=yes\nIdleSinceHint=1794998800000000\n" // 20 minutes
		busyDesktop = "Class=user\nType=x11\nState=active\nTTY=\nIdleHint=no\nIdleSinceHint=0\n"
		greeter     = "Class=greeter\nType=wayland\nState=online\nTTY=tty1\nIdleHint=no\nIdleSinceHint=0\n"
		console     = "Class=user\nType=tty\nState=active\nTTY=tty2\nIdleHint=no\nIdleSinceHint=0\n"
		remote      = "Class=user\nType=tty\nState=active\nTTY=pts/3\nIdleHint=no\nIdleSinceHint=0\n"
		closing     = "Class=user\nType=x11\nState=closing\nTTY=\nIdleHint=no\nIdleSinceHint=0\n"
		timer       = "Class=background\nType=unspecified\nState=active\nTTY=\nIdleHint=no\nIdleSinceHint=0\n"
		unseen      = "Class=user\nType=tty\nState=active\nTTY=tty9\nIdleHint=no\nIdleSinceHint=0\n"
	)
	for text, want := range map[string]time.Duration{
		"":                                   time.Hour,
		greeter + "\n" + timer:               time.Hour,
		idleDesktop:                          20 * time.Minute,
		console + "\n" + idleDesktop:         20 * time.Minute,
		console + "\n" + greeter:             40 * time.Minute,
		console + "\n" + remote:              time.Minute,
		idleDesktop + "\n" + busyDesktop:     0,
		console + "\n" + closing + "\n" + "": 40 * time.Minute,
		unseen:                               0,
	} {
		all, err := parseLogins([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := idleOf(all, now, time.Hour, typed); got != want {
			t.Errorf("%q: idle for %s, want %s", text, got, want)
		}
	}
	for _, bad := range []string{"nonsense", "Class=user\n", busyDesktop + "\nIdleSinceHint=soon"} {
		if _, err := parseLogins([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func FuzzTexts(f *testing.F) {
	f.Add([]byte("Class=user\nType=tty\nTTY=../../etc/passwd\n"))
	f.Add([]byte("1.25 0.80 0.50 2/345 6789\n"))
	f.Add([]byte("MemAvailable:    8151854 kB\n"))
	f.Add([]byte(`"HIDIdleTime" = 1234567890`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if r := parseLoadAverage(text); r.Known && !(r.Value >= 0) {
			t.Errorf("load %v", r.Value)
		}
		if r := parseMemory(text, "MemAvailable"); r.Known && r.Value < 0 {
			t.Errorf("memory %d", r.Value)
		}
		if r := parseIoreg(text); r.Known && r.Value < 0 {
			t.Errorf("idle %s", r.Value)
		}
		parsePmset(text)
		all, err := parseLogins(text)
		if err != nil {
			return
		}
		idle := idleOf(all, time.Unix(1_795_000_000, 0), time.Hour, func(string) (time.Time, bool) { return time.Time{}, false })
		if idle < 0 || idle > time.Hour {
			t.Errorf("idle for %s", idle)
		}
	})
}
