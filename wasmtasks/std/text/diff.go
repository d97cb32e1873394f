package text

import (
	"context"
	"fmt"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// DiffInput is a text before and after.
type DiffInput struct {
	Old     string `json:"old"`
	New     string `json:"new"`
	Context int    `json:"context" jsonschema:"minimum=0,maximum=100" jsonschema_description:"lines shown around changes"`
}

// DiffOutput is what changed.
type DiffOutput struct {
	Equal   bool   `json:"equal"`
	Added   int    `json:"added"`
	Removed int    `json:"removed"`
	Unified string `json:"unified" jsonschema_description:"hunks of a unified diff, without file names"`
}

// Bounds of a comparison. Time and memory grow with the square of the changes.
const (
	maxDiffLines = 50_000
	maxChanges   = 2_000
)

// Diff compares two texts line by line and finds the fewest changes.
func Diff(_ context.Context, in DiffInput) (DiffOutput, error) {
	if err := field.Between("context", in.Context, 0, 100); err != nil {
		return DiffOutput{}, err
	}
	a, b := lines(in.Old), lines(in.New)
	if err := field.AtMost("old", len(a), maxDiffLines, "lines"); err != nil {
		return DiffOutput{}, err
	}
	if err := field.AtMost("new", len(b), maxDiffLines, "lines"); err != nil {
		return DiffOutput{}, err
	}
	script, ok := compare(a, b)
	if !ok {
		return DiffOutput{}, field.Errorf("new", "differs from old in more than %d lines", maxChanges)
	}
	out := DiffOutput{Unified: unified(script, in.Context)}
	for _, e := range script {
		switch e.kind {
		case '+':
			out.Added++
		case '-':
			out.Removed++
		}
	}
	out.Equal = out.Added+out.Removed == 0
	return out, nil
}

// edit is one line of a script that makes one text of another: kept, removed or
// added.
type edit struct {
	kind byte // ' ', '-' or '+'
	line string
}

// compare finds a shortest script. Source: Myers, An O(ND) Difference Algorithm
// and Its Variations (1986), the greedy algorithm of section 3.
func compare(a, b []string) ([]edit, bool) {
	bound := min(len(a)+len(b), maxChanges)
	far := make([]int, 2*bound+3) // the furthest x on each diagonal x-y
	var trace [][]int
	for d := 0; d <= bound; d++ {
		for k := -d; k <= d; k += 2 {
			at := k + bound + 1
			x := far[at-1] + 1
			if k == -d || k != d && far[at-1] < far[at+1] {
				x = far[at+1]
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			far[at] = x
			if x >= len(a) && x-k >= len(b) {
				return backtrack(a, b, trace, d), true
			}
		}
		trace = append(trace, append([]int(nil), far[bound+1-d:bound+2+d]...))
	}
	return nil, false
}

// backtrack follows the path of d changes back; trace[d] has the diagonals from
// -d to d.
func backtrack(a, b []string, trace [][]int, d int) []edit {
	var script []edit
	x, y := len(a), len(b)
	for ; d > 0; d-- {
		k, before := x-y, trace[d-1]
		reach := func(k int) int {
			if i := k + d - 1; i >= 0 && i < len(before) {
				return before[i]
			}
			return -1
		}
		added := k == -d || k != d && reach(k-1) < reach(k+1)
		px := reach(k - 1)
		if added {
			px = reach(k + 1)
		}
		mid := px // where the change ends and equal lines begin
		if !added {
			mid++
		}
		for x > mid {
			x, y = x-1, y-1
			script = append(script, edit{' ', a[x]})
		}
		if added {
			y--
			script = append(script, edit{'+', b[y]})
		} else {
			x--
			script = append(script, edit{'-', a[x]})
		}
	}
	for x > 0 {
		x--
		script = append(script, edit{' ', a[x]})
	}
	for i, j := 0, len(script)-1; i < j; i, j = i+1, j-1 {
		script[i], script[j] = script[j], script[i]
	}
	return script
}

// unified writes a script as hunks.
func unified(script []edit, context int) string {
	var b strings.Builder
	oldLine, newLine := 1, 1
	for i := 0; i < len(script); {
		end := hunk(script, i, context)
		if end == i {
			oldLine, newLine, i = oldLine+1, newLine+1, i+1
			continue
		}
		var removed, added int
		var body strings.Builder
		for ; i < end; i++ {
			if script[i].kind != '+' {
				removed++
			}
			if script[i].kind != '-' {
				added++
			}
			body.WriteByte(script[i].kind)
			body.WriteString(script[i].line + "\n")
		}
		fmt.Fprintf(&b, "@@ -%s +%s @@\n%s", span(oldLine, removed), span(newLine, added), body.String())
		oldLine, newLine = oldLine+removed, newLine+added
	}
	return b.String()
}

// hunk returns the end of the hunk that begins at i, or i if none does.
func hunk(script []edit, i, context int) int {
	last := -1
	for j := i; j < len(script); j++ {
		limit := i + context
		if last >= 0 {
			limit = last + 2*context + 1
		}
		if j > limit {
			break
		}
		if script[j].kind != ' ' {
			last = j
		}
	}
	if last < 0 {
		return i
	}
	return min(last+1+context, len(script))
}

// span writes where lines are, as diff -u does: an empty span comes after the
// line it names.
func span(from, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", from-1)
	case 1:
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d,%d", from, n)
}
