package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/krako-labs/krako/node"
)

// describe says to a person what a node does.
func describe(s *node.Status) string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("node", "%s", s.Node)
	line("state", "%s", stateOf(s))
	for _, r := range s.Volunteer.Reasons {
		text := r.Text + ", since " + moment(r.Since)
		if !r.Until.IsZero() {
			text += ", until " + moment(r.Until)
		}
		line("", "%s", text)
	}
	if s.Cluster != "" {
		line("cluster", "%s at %s", s.Cluster, s.Coordinator)
	}
	for i, d := range s.Days {
		if name := "today"; i == len(s.Days)-1 {
			line(name, "%s", workOf(d))
		} else if i >= len(s.Days)-7 {
			line(d.Date[5:], "%s", workOf(d))
		}
	}
	line("may use", "%s", may(&s.Lends))
	if when := rules(&s.Lends); when != "" {
		line("works", "%s", when)
	}
	for name, why := range s.Volunteer.Unknown {
		if asked := map[string]bool{"on_battery": !s.Lends.OnBattery, "idle_s": s.Lends.IdleFor != "", "others_load": s.Lends.MaxLoad > 0, "free_mb": s.Lends.MinFreeMB > 0}; asked[name] {
			line("unknown", "%s: %s", name, why)
		}
	}
	return b.String()
}

func stateOf(s *node.Status) string {
	switch {
	case s.Draining:
		return fmt.Sprintf("stops, %d units left", s.Busy+s.Waiting)
	case s.Volunteer.Paused:
		return fmt.Sprintf("paused (%s), holds %d units", s.Volunteer.Reasons[0].Cause, s.Busy)
	case s.Cluster == "":
		return "looks for a coordinator"
	case s.Busy == 0:
		return "ready, nothing to do"
	}
	return fmt.Sprintf("works on %d units in %d slots", s.Busy+s.Waiting, s.Slots)
}

func workOf(d node.Day) string {
	text := fmt.Sprintf("%d units, busy %s", d.Executed, d.Busy.Round(time.Second))
	if d.Failed > 0 {
		text += fmt.Sprintf(" (%d ended in an error of theirs)", d.Failed)
	}
	return text
}

// may is what a node may use.
func may(l *node.Lends) string {
	text := fmt.Sprintf("%d slots", l.Slots)
	if l.CPUShare < 100 {
		text += fmt.Sprintf(" for %d %% of the time", l.CPUShare)
	}
	text += fmt.Sprintf(" at %s priority, %d MiB for units", l.Priority, l.MemoryMB)
	if l.MemoryCapMB > 0 {
		text += fmt.Sprintf(" (%d with all that is around them)", l.MemoryCapMB)
	}
	return text + fmt.Sprintf(", %d MiB of disk", l.DiskMB)
}

// rules is when a node works, "" for always.
func rules(l *node.Lends) string {
	var all []string
	if len(l.Hours) > 0 {
		all = append(all, "at "+strings.Join(l.Hours, ", "))
	}
	if l.IdleFor != "" {
		all = append(all, "when nobody was here for "+l.IdleFor)
	}
	if !l.OnBattery {
		all = append(all, "not on battery")
	}
	if l.MaxLoad > 0 {
		all = append(all, fmt.Sprintf("while others use at most %.0f %% of the processors", 100*l.MaxLoad))
	}
	if l.MinFreeMB > 0 {
		all = append(all, fmt.Sprintf("while %d MiB of memory are free", l.MinFreeMB))
	}
	return strings.Join(all, "; ")
}

// greeting is what the person who starts a node on a terminal reads first.
func greeting(s node.Status, c *node.Config) string {
	var b strings.Builder
	fmt.Fprintf(&b, "This machine is node %s.\n", s.Node)
	fmt.Fprintf(&b, "It may use %s.\n", may(&s.Lends))
	if when := rules(&s.Lends); when != "" {
		fmt.Fprintf(&b, "It works %s.\n", when)
	}
	fmt.Fprintf(&b, "Its key and caches are in %s.\n", c.DataDir)
	b.WriteString("Ctrl-C stops it. From another terminal: krako-node pause, resume, status.\n\n")
	return b.String()
}

// moment is a time as a person says it.
func moment(t time.Time) string {
	t = t.Local()
	if time.Since(t).Abs() < 20*time.Hour {
		return t.Format("15:04:05")
	}
	return t.Format("Mon 2 Jan 15:04")
}
