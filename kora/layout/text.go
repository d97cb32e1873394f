package layout

import (
	"fmt"
	"io"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// Text writes a line for each box: its name, what it does, how it fared and what it
// waits for.
func Text(w io.Writer, v *View) error {
	after := make([][]string, len(v.Boxes))
	for _, e := range v.Edges {
		after[e.To] = append(after[e.To], v.Boxes[e.From].Name)
	}
	for i := range v.Boxes {
		x := &v.Boxes[i]
		state := x.State
		if state == "" {
			state = contracts.UnitQueued
		}
		line := fmt.Sprintf("%-24s %-26s %s", x.Name, x.What, state)
		if len(after[i]) > 0 {
			line += ", after " + strings.Join(after[i], ", ")
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// Mermaid writes what v shows as a Mermaid flowchart, which documents and issue
// trackers draw.
func Mermaid(w io.Writer, v *View, dir Direction) error {
	var b strings.Builder
	way := "LR"
	if dir == TopToBottom {
		way = "TB"
	}
	fmt.Fprintf(&b, "flowchart %s\n", way)
	for i := range v.Boxes {
		x := &v.Boxes[i]
		fmt.Fprintf(&b, "  u%d[\"%s<br/><small>%s</small>\"]:::%s\n", i, entities(clip(x.Name, 60)), entities(x.What), class(x.State))
	}
	for _, e := range v.Edges {
		fmt.Fprintf(&b, "  u%d --> u%d\n", e.From, e.To)
	}
	b.WriteString("  classDef success stroke:#1f7a55\n  classDef failed stroke:#b3372b\n  classDef skipped stroke-dasharray:4\n  classDef running stroke:#3a63c4\n  classDef waiting stroke:#b4aea3\n")
	_, err := io.WriteString(w, b.String())
	return err
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

// DOT writes what v shows for Graphviz.
func DOT(w io.Writer, v *View, dir Direction) error {
	var b strings.Builder
	way := "LR"
	if dir == TopToBottom {
		way = "TB"
	}
	fmt.Fprintf(&b, "digraph krako {\n  rankdir=%s\n  node [shape=box style=rounded fontname=\"Helvetica\" fontsize=11]\n", way)
	for i := range v.Boxes {
		x := &v.Boxes[i]
		fmt.Fprintf(&b, "  %s [label=%s color=%q]\n", quoted(x.ID), quoted(clip(x.Name, 60)+"\n"+x.What), colour(x.State))
	}
	for _, e := range v.Edges {
		fmt.Fprintf(&b, "  %s -> %s\n", quoted(v.Boxes[e.From].ID), quoted(v.Boxes[e.To].ID))
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
