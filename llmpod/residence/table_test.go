package residence_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/llmpod/residence"
	"pgregory.net/rapid"
)

var begin = time.Unix(1_000_000, 0)

func at(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }

// step returns what is done at a time, and when to look again.
func step(t *residence.Table, seconds int) string {
	do, again := t.Step(at(seconds))
	var said []string
	for _, a := range do {
		s := fmt.Sprintf("%s %c", a.Do, 'A'+rune(a.Model))
		if a.Do == residence.Admit {
			s += fmt.Sprint(a.Ticket)
		}
		said = append(said, s)
	}
	if !again.IsZero() {
		said = append(said, fmt.Sprintf("again at %d", int(again.Sub(begin).Seconds())))
	}
	return strings.Join(said, ", ")
}

// TestTwoModelsTakeTurns is the life of two models of which one fits: A B A B A B
// becomes A A A B B B.
func TestTwoModelsTakeTurns(t *testing.T) {
	const a, b = residence.Model(0), residence.Model(1)
	tab := residence.New(2, 1, 10*time.Second, time.Minute)
	expect := func(seconds int, want string) {
		t.Helper()
		if got := step(tab, seconds); got != want {
			t.Errorf("at %d: %q, want %q", seconds, got, want)
		}
	}
	for i, m := range []residence.Model{a, b, a, b, a, b} {
		tab.Ask(residence.Ticket(i), m, at(0))
	}
	expect(0, "load A, admit A0, admit A2, admit A4, again at 10")
	tab.Ask(6, a, at(5))
	expect(5, "admit A6, again at 10") // before older ones
	tab.Ask(7, a, at(10))
	expect(9, "admit A7, again at 10")
	tab.Ask(8, a, at(10))
	tab.Ask(9, b, at(10))
	if got := step(tab, 10); got != "admit A8" {
		t.Errorf("at the end of the turn: %q", got)
	}
	tab.Ask(10, a, at(11))
	expect(11, "") // closed: it waits behind B
	for range 5 {
		tab.Done(a, at(12))
	}
	expect(12, "")
	tab.Done(a, at(13))
	expect(13, "unload A")
	expect(14, "") // not gone
	tab.Gone(a)
	expect(15, "load B, admit B1, admit B3, admit B5, admit B9, again at 21")
	for range 4 {
		tab.Done(b, at(16))
	}
	expect(16, "unload B, again at 21") // idle, and A10 waits
	tab.Gone(b)
	expect(17, "load A, admit A10")
	if !tab.Resident(a) || tab.Resident(b) {
		t.Error("what is resident is not what was loaded")
	}
	tab.Done(a, at(20))
	expect(20, "again at 80")
	expect(79, "again at 80")
	expect(80, "unload A") // nobody asked for it
	tab.Gone(a)
	expect(81, "")
	tab.Ask(11, b, at(82))
	if !tab.Drop(11) || tab.Drop(11) {
		t.Error("a request that was dropped waits, or one that was not does not")
	}
	expect(83, "")
}

// TestClosedInVainOpensAgain closes a model for one that then finds room elsewhere.
func TestClosedInVainOpensAgain(t *testing.T) {
	const a, b, c = residence.Model(0), residence.Model(1), residence.Model(2)
	tab := residence.New(3, 2, 10*time.Second, time.Minute)
	expect := func(seconds int, want string) {
		t.Helper()
		if got := step(tab, seconds); got != want {
			t.Errorf("at %d: %q, want %q", seconds, got, want)
		}
	}
	tab.Ask(0, a, at(0))
	expect(0, "load A, admit A0")
	tab.Ask(1, b, at(0))
	expect(0, "load B, admit B1")
	tab.Ask(2, c, at(1))
	expect(11, "") // a turn is over: A is closed
	tab.Ask(3, a, at(12))
	expect(12, "")
	if !tab.Drop(2) {
		t.Fatal("C does not wait")
	}
	expect(13, "admit A3") // for nobody waits for its place any more
}

// TestEveryRequestIsLetInAndNothingOverflows plays random requests and keeps its
// own account of what is loaded.
func TestEveryRequestIsLetInAndNothingOverflows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, most := rapid.IntRange(1, 4).Draw(t, "models"), rapid.IntRange(1, 3).Draw(t, "most")
		tab := residence.New(n, most, 5*time.Second, 20*time.Second)
		loaded, gone := map[residence.Model]bool{}, []residence.Model{}
		running := map[residence.Model]int{}
		waiting := map[residence.Ticket]bool{}
		now := 0
		look := func() {
			do, _ := tab.Step(at(now))
			for _, a := range do {
				switch a.Do {
				case residence.Load:
					if loaded[a.Model] = true; len(loaded) > most {
						t.Fatalf("%d are loaded, %d fit", len(loaded), most)
					}
				case residence.Unload:
					if running[a.Model] > 0 {
						t.Fatalf("model %d is ended with %d requests", a.Model, running[a.Model])
					}
					gone = append(gone, a.Model)
				case residence.Admit:
					if !loaded[a.Model] || !waiting[a.Ticket] {
						t.Fatalf("request %d is let in to model %d, loaded %v", a.Ticket, a.Model, loaded)
					}
					delete(waiting, a.Ticket)
					running[a.Model]++
				}
			}
		}
		end := func() {
			for _, m := range gone {
				delete(loaded, m)
				tab.Gone(m)
			}
			gone = nil
		}
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += rapid.IntRange(0, 4).Draw(t, "pause")
			m := residence.Model(rapid.IntRange(0, n-1).Draw(t, "model"))
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				tab.Ask(residence.Ticket(i), m, at(now))
				waiting[residence.Ticket(i)] = true
			case 2:
				if running[m] > 0 {
					running[m]--
					tab.Done(m, at(now))
				}
			case 3:
				end()
			}
			look()
		}
		for range 4 * n * 60 { // everything ends in time
			now += 6
			for m, k := range running {
				for range k {
					tab.Done(m, at(now))
				}
				running[m] = 0
			}
			look()
			end()
		}
		if len(waiting) > 0 {
			t.Fatalf("%d requests still wait", len(waiting))
		}
	})
}
