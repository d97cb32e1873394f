package logic

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

var ctx = context.Background()

// Precedence is that of Python for not, and, or.
func TestBool(t *testing.T) {
	for expression, want := range map[string]bool{
		"not ( True ) and ( True )": false, "True or False and False": true, "not not False": false, "(True and not False) or (False)": true, "true xor true": false, "a implies b": true,
		"False implies False implies False": true, "not False and True or False": true, "true xor false and false": true, "B or a": false, "not(not(b))": false,
	} {
		in := BoolInput{expression, map[string]bool{"a": false, "b": false, "B": false}}
		if out, err := Bool(ctx, in); err != nil || out.Value != want {
			t.Errorf("%s = %v, %v", expression, out.Value, err)
		}
	}
	for _, bad := range []string{"", "True True", "(True", "True)", "x", "and", "True or", strings.Repeat("not ", 300) + "True", strings.Repeat("(", 300), strings.Repeat("true implies ", 300) + "true", strings.Repeat("a", 5000)} {
		_, err := Bool(ctx, BoolInput{Expression: bad})
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != "expression" {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

func TestTruth(t *testing.T) {
	out, err := Truth(ctx, TruthInput{
		[]Fact{{"Sherrie", true}},
		[]Claim{{"Vernell", "Sherrie", true}, {"Alexis", "Vernell", false}, {"Michaela", "Alexis", true}, {"Elanor", "Michaela", true}, {"X", "Y", false}},
	})
	var got []string
	for _, v := range out.People {
		got = append(got, v.Person+" "+v.Status)
	}
	if want := "Sherrie truthful,Vernell truthful,Alexis lies,Michaela lies,Elanor lies,X unknown,Y unknown"; err != nil || strings.Join(got, ",") != want {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Truth(ctx, TruthInput{[]Fact{{"A", true}}, []Claim{{"A", "B", true}, {"B", "A", false}}}); err == nil || err.Error() != "claims[1]: contradicts what is before it" {
		t.Errorf("a contradiction: %v", err)
	}
}

// Whoever lies is chosen at random and says what such a person says; what
// follows must be what was chosen.
func TestTruthFindsWhatWasChosen(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	names := strings.Split("ABCDEFGH", "")
	for range 500 {
		truthful := map[string]bool{}
		for _, n := range names {
			truthful[n] = r.IntN(2) == 0
		}
		in := TruthInput{Facts: []Fact{{"A", truthful["A"]}}}
		for i := 1; i < len(names); i++ { // in any direction along a tree
			a, b := names[i], names[r.IntN(i)]
			if r.IntN(2) == 0 {
				a, b = b, a
			}
			in.Claims = append(in.Claims, Claim{a, b, truthful[a] == truthful[b]})
		}
		r.Shuffle(len(in.Claims), func(i, j int) { in.Claims[i], in.Claims[j] = in.Claims[j], in.Claims[i] })
		out, err := Truth(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range out.People {
			if (v.Status == "truthful") != truthful[v.Person] || v.Status == "unknown" {
				t.Fatalf("%+v: %s %s", in, v.Person, v.Status)
			}
		}
	}
}

func TestOrder(t *testing.T) {
	out, err := Order(ctx, OrderInput{
		strings.Fields("quail owl raven falcon robin"),
		[]Rule{{"at", "owl", "", 1}, {"before", "robin", "raven", 0}, {"at", "quail", "", -1}, {"at", "raven", "", 3}},
	})
	if err != nil || strings.Join(out.Order, " ") != "owl robin raven falcon quail" || out.Orders != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	out, err = Order(ctx, OrderInput{strings.Fields("a b c"), []Rule{{"beside", "a", "b", 0}, {"not_at", "c", "", 1}}})
	if err != nil || out.Orders != 2 || strings.Join(out.At[2], " ") != "c" || len(out.Positions[0]) != 2 {
		t.Errorf("%+v, %v", out, err)
	}
	if out, err := Order(ctx, OrderInput{strings.Fields("a b"), []Rule{{"next", "a", "b", 0}, {"before", "b", "a", 0}}}); err != nil || out.Orders != 0 || len(out.Order) != 0 {
		t.Errorf("%+v, %v", out, err)
	}
	if out, err := Order(ctx, OrderInput{Items: strings.Fields("a b c d e f g h i")}); err != nil || out.Orders != 362880 {
		t.Errorf("%d orders, %v", out.Orders, err)
	}
}

func TestTrackBracketsWalkFree(t *testing.T) {
	out, err := Track(ctx, TrackInput{[]Holding{{"Alice", "Ulysses"}, {"Bob", "Frankenstein"}, {"Claire", "Lolita"}}, []Swap{{"Claire", "Bob"}, {"Bob", "Alice"}, {"Claire", "Bob"}}})
	if err != nil || out.End[0].Thing != "Lolita" || out.End[1].Thing != "Frankenstein" || out.End[2].Thing != "Ulysses" {
		t.Errorf("%+v, %v", out, err)
	}
	for text, want := range map[string]BracketsOutput{
		"[ [": {false, "] ]", -1}, "{ ( < > a": {false, ") }", -1}, "[()]": {true, "", -1}, "( ]": {false, "", 2}, ")": {false, "", 0}, "": {true, "", -1},
	} {
		if got, err := Brackets(ctx, BracketsInput{text}); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	walk, err := Walk(ctx, WalkInput{[]Move{{"forward", 2}, {"turn_right", 0}, {"forward", 3}, {"turn_around", 0}, {"forward", 3}, {"turn_left", 0}, {"forward", 2}}})
	if err != nil || !walk.AtStart || walk.Facing != "south" {
		t.Errorf("%+v, %v", walk, err)
	}
	walk, err = Walk(ctx, WalkInput{[]Move{{"backward", 1}, {"left", 9}, {"forward", 1}, {"right", 3}, {"east", 1}}})
	if err != nil || walk.East != -5 || walk.North != 0 || walk.AtStart {
		t.Errorf("%+v, %v", walk, err)
	}
	free, err := Free(ctx, FreeInput{"07:00", "24:00", []Span{{"08:00", "10:30"}, {"07:00", "08:00"}, {"10:00", "23:59"}}})
	if err != nil || len(free.Free) != 1 || free.Free[0] != (Span{"23:59", "24:00"}) || free.Minutes != 1 {
		t.Errorf("%+v, %v", free, err)
	}
}

func TestFaultsNameTheField(t *testing.T) {
	run := func(_ any, err error) error { return err }
	for want, err := range map[string]error{
		"facts[0].person":   run(Truth(ctx, TruthInput{Facts: []Fact{{}}})),
		"claims[0]":         run(Truth(ctx, TruthInput{Claims: []Claim{{Speaker: "a"}}})),
		"items":             run(Order(ctx, OrderInput{})),
		"items[1]":          run(Order(ctx, OrderInput{Items: []string{"a", "a"}})),
		"rules[0].item":     run(Order(ctx, OrderInput{[]string{"a"}, []Rule{{Kind: "at", Item: "b"}}})),
		"rules[0].position": run(Order(ctx, OrderInput{[]string{"a"}, []Rule{{Kind: "at", Item: "a"}}})),
		"rules[0].other":    run(Order(ctx, OrderInput{[]string{"a"}, []Rule{{Kind: "next", Item: "a", Other: "a"}}})),
		"rules[0].kind":     run(Order(ctx, OrderInput{[]string{"a"}, []Rule{{Kind: "after", Item: "a"}}})),
		"start":             run(Track(ctx, TrackInput{})),
		"start[1].holder":   run(Track(ctx, TrackInput{Start: []Holding{{"a", "x"}, {"a", "y"}}})),
		"swaps[0]":          run(Track(ctx, TrackInput{[]Holding{{"a", "x"}}, []Swap{{"a", "b"}}})),
		"moves[0].do":       run(Walk(ctx, WalkInput{[]Move{{"up", 1}}})),
		"moves[0].steps":    run(Walk(ctx, WalkInput{[]Move{{"turn_left", 1}}})),
		"from":              run(Free(ctx, FreeInput{From: "7am", To: "08:00"})),
		"to":                run(Free(ctx, FreeInput{From: "08:00", To: "08:00"})),
		"busy[0].to":        run(Free(ctx, FreeInput{"07:00", "08:00", []Span{{"07:00", "24:01"}}})),
	} {
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != want {
			t.Errorf("%v, want one about %s", err, want)
		}
	}
}
