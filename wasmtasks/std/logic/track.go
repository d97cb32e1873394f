package logic

import (
	"context"
	"fmt"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// TrackInput is who holds what, and the swaps that follow.
type TrackInput struct {
	Start []Holding `json:"start" jsonschema:"minItems=1,maxItems=1000"`
	Swaps []Swap    `json:"swaps" jsonschema:"maxItems=10000"`
}

// Holding is a person or place and what it has.
type Holding struct {
	Holder string `json:"holder"`
	Thing  string `json:"thing"`
}

// Swap is two holders who exchange what they have.
type Swap struct {
	A string `json:"a"`
	B string `json:"b"`
}

// TrackOutput is who holds what in the end, in the order of the start.
type TrackOutput struct {
	End []Holding `json:"end"`
}

// Track follows things through swaps.
func Track(_ context.Context, in TrackInput) (TrackOutput, error) {
	if err := field.Between("start", len(in.Start), 1, 1000); err != nil {
		return TrackOutput{}, err
	}
	if err := field.AtMost("swaps", len(in.Swaps), 10_000, "swaps"); err != nil {
		return TrackOutput{}, err
	}
	at := map[string]int{}
	for i, h := range in.Start {
		if _, ok := at[h.Holder]; ok {
			return TrackOutput{}, field.Errorf(field.Index("start", i)+".holder", "%.40q is there twice", h.Holder)
		}
		at[h.Holder] = i
	}
	end := append([]Holding{}, in.Start...)
	for i, s := range in.Swaps {
		a, okA := at[s.A]
		b, okB := at[s.B]
		if !okA || !okB {
			return TrackOutput{}, field.Errorf(field.Index("swaps", i), "%.40q and %.40q are not both in start", s.A, s.B)
		}
		end[a].Thing, end[b].Thing = end[b].Thing, end[a].Thing
	}
	return TrackOutput{end}, nil
}

// BracketsInput is a text with brackets.
type BracketsInput struct {
	Text string `json:"text" jsonschema:"maxLength=100000" jsonschema_description:"( ) [ ] { } < > count, other characters do not"`
}

// BracketsOutput says what is open.
type BracketsOutput struct {
	Balanced bool   `json:"balanced"`
	Missing  string `json:"missing" jsonschema_description:"the brackets that close what is open, in order, with spaces between"`
	Position int    `json:"position" jsonschema_description:"where a bracket closes what is not open, in bytes from 0; -1 if none does"`
}

// Brackets completes a text of brackets, or says where it goes wrong.
func Brackets(_ context.Context, in BracketsInput) (BracketsOutput, error) {
	if err := field.AtMost("text", len(in.Text), 100_000, "bytes"); err != nil {
		return BracketsOutput{}, err
	}
	const open, close = "([{<", ")]}>"
	var waiting []byte
	for i := range len(in.Text) {
		c := in.Text[i]
		if k := strings.IndexByte(open, c); k >= 0 {
			waiting = append(waiting, close[k])
		} else if strings.IndexByte(close, c) >= 0 {
			if len(waiting) == 0 || waiting[len(waiting)-1] != c {
				return BracketsOutput{Position: i}, nil
			}
			waiting = waiting[:len(waiting)-1]
		}
	}
	missing := make([]string, len(waiting))
	for i, c := range waiting {
		missing[len(waiting)-1-i] = string(c)
	}
	return BracketsOutput{len(waiting) == 0, strings.Join(missing, " "), -1}, nil
}

// WalkInput is a walk on a plane.
type WalkInput struct {
	Moves []Move `json:"moves" jsonschema:"maxItems=10000"`
}

// Move is a turn, or some steps.
type Move struct {
	Do    string `json:"do" jsonschema:"enum=forward,enum=backward,enum=left,enum=right,enum=turn_left,enum=turn_right,enum=turn_around,enum=north,enum=east,enum=south,enum=west" jsonschema_description:"forward to right are steps in that direction without turning, as seen by the walker, who first looks north"`
	Steps int    `json:"steps,omitempty" jsonschema:"minimum=0,maximum=1000000"`
}

// WalkOutput is where the walk ends.
type WalkOutput struct {
	East    int    `json:"east" jsonschema_description:"steps from the start, negative to the west"`
	North   int    `json:"north" jsonschema_description:"steps from the start, negative to the south"`
	Facing  string `json:"facing" jsonschema:"enum=north,enum=east,enum=south,enum=west"`
	AtStart bool   `json:"at_start"`
}

// Walk follows a walk.
func Walk(_ context.Context, in WalkInput) (WalkOutput, error) {
	if err := field.AtMost("moves", len(in.Moves), 10_000, "moves"); err != nil {
		return WalkOutput{}, err
	}
	var out WalkOutput
	facing := 0 // quarter turns from north, clockwise
	for i, m := range in.Moves {
		name := field.Index("moves", i)
		if err := field.Between(name+".steps", m.Steps, 0, 1_000_000); err != nil {
			return WalkOutput{}, err
		}
		turn, step, ok := direction(m.Do, facing)
		if !ok {
			return WalkOutput{}, field.OneOf(name+".do", m.Do, "forward", "backward", "left", "right", "turn_left", "turn_right", "turn_around", "north", "east", "south", "west")
		}
		if turn != 0 && m.Steps != 0 {
			return WalkOutput{}, field.Errorf(name+".steps", "a turn has none")
		}
		facing = (facing + turn) % 4
		if turn == 0 {
			out.East += m.Steps * [...]int{0, 1, 0, -1}[step]
			out.North += m.Steps * [...]int{1, 0, -1, 0}[step]
		}
	}
	out.Facing = points[facing]
	out.AtStart = out.East == 0 && out.North == 0
	return out, nil
}

// points are the directions, clockwise.
var points = [...]string{"north", "east", "south", "west"}

// direction returns how many quarters a move turns, or where its steps go.
func direction(do string, facing int) (turn, step int, ok bool) {
	for i, name := range [...]string{"forward", "right", "backward", "left"} {
		if do == name {
			return 0, (facing + i) % 4, true
		}
	}
	for i, name := range [...]string{"", "turn_right", "turn_around", "turn_left"} {
		if do == name && i > 0 {
			return i, 0, true
		}
	}
	for i, name := range points {
		if do == name {
			return 0, i, true
		}
	}
	return 0, 0, false
}

// FreeInput is a day, or part of it, and when it is taken.
type FreeInput struct {
	From string `json:"from" jsonschema:"pattern=^([01][0-9]|2[0-4]):[0-5][0-9]$" jsonschema_description:"such as 07:00"`
	To   string `json:"to" jsonschema:"pattern=^([01][0-9]|2[0-4]):[0-5][0-9]$" jsonschema_description:"up to 24:00"`
	Busy []Span `json:"busy" jsonschema:"maxItems=10000" jsonschema_description:"in any order, overlapping or not"`
}

// Span is from one time of day to a later one.
type Span struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// FreeOutput is the times that are left, in order.
type FreeOutput struct {
	Free    []Span `json:"free"`
	Minutes int    `json:"minutes" jsonschema_description:"of all of them"`
}

// Free finds the times of a day that are not taken.
func Free(_ context.Context, in FreeInput) (FreeOutput, error) {
	from, to, err := span(Span{in.From, in.To}, "")
	if err != nil {
		return FreeOutput{}, err
	}
	if err := field.AtMost("busy", len(in.Busy), 10_000, "spans"); err != nil {
		return FreeOutput{}, err
	}
	var taken [24*60 + 1]bool // by minute
	for i, b := range in.Busy {
		start, end, err := span(b, field.Index("busy", i)+".")
		if err != nil {
			return FreeOutput{}, err
		}
		for m := start; m < end; m++ {
			taken[m] = true
		}
	}
	out := FreeOutput{Free: []Span{}}
	for m := from; m < to; m++ {
		if taken[m] {
			continue
		}
		start := m
		for m < to && !taken[m] {
			m++
		}
		out.Free = append(out.Free, Span{clock(start), clock(m)})
		out.Minutes += m - start
	}
	return out, nil
}

func clock(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }

func span(s Span, name string) (from, to int, err error) {
	if from, err = minutes(s.From, name+"from"); err != nil {
		return 0, 0, err
	}
	if to, err = minutes(s.To, name+"to"); err != nil {
		return 0, 0, err
	}
	if to <= from {
		return 0, 0, field.Errorf(name+"to", "%s is not after %s", s.To, s.From)
	}
	return from, to, nil
}

func minutes(text, name string) (int, error) {
	var h, m int
	if n, err := fmt.Sscanf(text, "%02d:%02d", &h, &m); n != 2 || err != nil || clock(60*h+m) != text || m > 59 || h < 0 || 60*h+m > 24*60 {
		return 0, field.Errorf(name, "%.20q is not a time of day such as 07:30", text)
	}
	return 60*h + m, nil
}
