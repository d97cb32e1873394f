package layout

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// Mermaid writes a graph as a Mermaid flowchart, which documents and issue
// trackers draw.
func Mermaid(w io.Writer, g *contracts.TaskGraph, dir Direction, marks Marks) error {
	var b strings.Builder
	way := "LR"
	if dir == TopToBottom {
		way = "TB"
	}
	fmt.Fprintf(&b, "flowchart %s\n", way)
	name := names(g)
	for i := range g.WorkUnits {
		u := &g.WorkUnits[i]
		fmt.Fprintf(&b, "  %s[\"%s<br/><small>%s</small>\"]:::%s\n", name[u.ID], entities(clip(label(u), 60)), entities(program(u)), class(marks[u.ID]))
	}
	for i := range g.WorkUnits {
		for _, dep := range g.WorkUnits[i].Dependencies {
			fmt.Fprintf(&b, "  %s --> %s\n", name[dep], name[g.WorkUnits[i].ID])
		}
	}
	b.WriteString("  classDef success stroke:#1f7a55\n  classDef failed stroke:#b3372b\n  classDef skipped stroke-dasharray:4\n  classDef running stroke:#3a63c4\n  classDef waiting stroke:#b4aea3\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// names are ids that Mermaid takes, whatever the units are called.
func names(g *contracts.TaskGraph) map[contracts.UnitID]string {
	m := make(map[contracts.UnitID]string, len(g.WorkUnits))
	for i := range g.WorkUnits {
		m[g.WorkUnits[i].ID] = "u" + strconv.Itoa(i)
	}
	return m
}

// entities writes what Mermaid would take for syntax as its entity codes.
func entities(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\"#&<>;[](){}|`\\\n\r", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// DOT writes a graph for Graphviz.
func DOT(w io.Writer, g *contracts.TaskGraph, dir Direction, marks Marks) error {
	var b strings.Builder
	way := "LR"
	if dir == TopToBottom {
		way = "TB"
	}
	fmt.Fprintf(&b, "digraph krako {\n  rankdir=%s\n  node [shape=box style=rounded fontname=\"Helvetica\" fontsize=11]\n", way)
	for i := range g.WorkUnits {
		u := &g.WorkUnits[i]
		fmt.Fprintf(&b, "  %s [label=%s color=%q]\n", quoted(string(u.ID)), quoted(clip(label(u), 60)+"\n"+program(u)), colour(marks[u.ID]))
	}
	for i := range g.WorkUnits {
		for _, dep := range g.WorkUnits[i].Dependencies {
			fmt.Fprintf(&b, "  %s -> %s\n", quoted(string(dep)), quoted(string(g.WorkUnits[i].ID)))
		}
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// quoted is a DOT string: only quotes and backslashes mean something in it.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", "").Replace(s) + `"`
}

func colour(s contracts.UnitState) string {
	switch class(s) {
	case "success":
		return "#1f7a55"
	case "failed":
		return "#b3372b"
	case "running":
		return "#3a63c4"
	case "skipped":
		return "#d9d5cd"
	}
	return "#b4aea3"
}
