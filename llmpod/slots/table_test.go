package slots_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/krako-labs/krako/llmpod/slots"
	"pgregory.net/rapid"
)

func owner(tenant, session string) slots.Owner { return slots.Owner{Tenant: tenant, Session: session} }

func next(t *testing.T, tab *slots.Table) slots.Grant {
	t.Helper()
	g, ok := tab.Next()
	if !ok {
		t.Fatal("nobody is served")
	}
	return g
}

func do(g slots.Grant) string {
	s := fmt.Sprintf("slot %d", g.Slot)
	for _, step := range g.Steps {
		s += " " + step.Do.String()
		if step.Owner != (slots.Owner{}) {
			s += " " + step.Owner.Session
		}
	}
	return s
}

// TestSlotsChangeHands is the life of two slots among three sessions.
func TestSlotsChangeHands(t *testing.T) {
	tab := slots.New(2, 10, 10)
	ticket := slots.Ticket(0)
	serve := func(session, want string, healthy bool) {
		t.Helper()
		ticket++
		tab.Ask(ticket, owner("lab", session), 10)
		g := next(t, tab)
		if got := do(g); got != want || g.Ticket != ticket {
			t.Errorf("%s got %q, want %q", session, got, want)
		}
		tab.Done(g, healthy)
	}
	serve("a", "slot 0", true)
	serve("b", "slot 1", true)
	serve("a", "slot 0", true)                        // as it left it
	serve("c", "slot 1 park b afresh", true)          // b was used least lately
	serve("b", "slot 0 park a erase restore b", true) //
	serve("b", "slot 0", false)                       // went wrong
	serve("a", "slot 0 erase restore a", true)        // and is worth nothing
	serve("b", "slot 1 park c erase restore b", true) // what was parked before
	if !tab.Forget(owner("lab", "c")) {               //
		t.Error("nothing was parked for c") //
	} //
	serve("c", "slot 0 park a afresh", true) // of c nothing is left
	if g, ok := tab.Tidy(true); ok {         //
		t.Errorf("nothing is to be erased: %v", g) //
	} //
	tab.Forget(owner("lab", "c"))     // its slot is emptied before anybody comes
	if g, ok := tab.Tidy(false); ok { // but need not be
		t.Errorf("tidied %q", do(g))
	}
	if g, ok := tab.Tidy(true); !ok || do(g) != "slot 0 erase" {
		t.Errorf("tidied %q", do(g))
	} else {
		tab.Done(g, true)
	}
	serve("d", "slot 0", true)
	tab.Forget(owner("lab", "d")) // and if it was not, nothing of it is parked
	serve("c", "slot 0 afresh", true)
	tab.Forget(owner("lab", "c"))
	serve("c", "slot 0 afresh", false) // nor gone on from by its owner
	if g, ok := tab.Tidy(false); !ok || do(g) != "slot 0 erase" {
		t.Errorf("tidied %q", do(g))
	} else {
		tab.Done(g, true)
	}
	tab.Reset(1)                         // the server was started again
	serve("a", "slot 0 restore a", true) // files outlive it
}

// TestNeighboursServe is about servers that compute neighbouring slots in one step.
func TestNeighboursServe(t *testing.T) {
	tab := slots.New(4, 10, 10)
	ticket := slots.Ticket(0)
	ask := func(session string) {
		ticket++
		tab.Ask(ticket, owner("lab", session), 10)
	}
	begin := func(session string, want int) slots.Grant {
		t.Helper()
		ask(session)
		g := next(t, tab)
		if g.Slot != want {
			t.Errorf("%s got slot %d, want %d", session, g.Slot, want)
		}
		return g
	}
	over := func(g slots.Grant) (emptied slots.Grant) {
		t.Helper()
		tab.Done(g, true)
		tab.Forget(g.Owner)
		emptied, ok := tab.Tidy(true)
		if !ok || emptied.Slot != g.Slot {
			t.Errorf("tidied %q, want slot %d", do(emptied), g.Slot)
		}
		return emptied
	}
	a, b := begin("a", 0), begin("b", 1)
	emptied := over(a)
	c := begin("c", 2) // which is beside b as slot 0 is, and need not be waited for
	tab.Done(emptied, true)
	begin("d", 3) // as good as 0, and not used for longer
	emptied = over(c)
	ask("e")
	if g, ok := tab.Next(); ok {
		t.Errorf("%q does not wait for slot 2, between b and d", do(g))
	}
	tab.Done(emptied, true)
	if e := next(t, tab); do(e) != "slot 2" {
		t.Errorf("e got %q", do(e))
	}
	emptied = over(b)
	tab.Done(emptied, true)
	begin("f", 1) // and not 0, although that was not used for longest
}

// TestNobodyIsThrownOutForSpeed: what somebody left in a slot makes room for a
// neighbour only where it can be put back.
func TestNobodyIsThrownOutForSpeed(t *testing.T) {
	for parked, want := range map[int]string{10: "slot 1 park a afresh", 0: "slot 2 afresh"} {
		tab := slots.New(3, 10, parked)
		serve := func(session string) slots.Grant {
			tab.Ask(1, owner("lab", session), 10)
			return next(t, tab)
		}
		serve("busy")
		a, b := serve("a"), serve("b")
		tab.Done(a, true)
		tab.Done(b, true)
		tab.Done(serve("a"), true) // so that b is who was not there for longest
		if g := serve("c"); do(g) != want {
			t.Errorf("with room for %d got %q, want %q", parked, do(g), want)
		}
	}
}

func TestTenantsShareByTokens(t *testing.T) {
	tab := slots.New(1, 100, 0)
	// The greedy one asks first for 8 long answers, the modest one for 8 short ones.
	for i := range 8 {
		tab.Ask(slots.Ticket(i), owner("greedy", "s"), 1000)
	}
	for i := range 8 {
		tab.Ask(slots.Ticket(100+i), owner("modest", "s"), 100)
	}
	var order []slots.Ticket
	for range 16 {
		g := next(t, tab)
		order = append(order, g.Ticket)
		tab.Done(g, true)
	}
	if last := slices.Index(order, 107); last > 9 {
		t.Errorf("the modest one's last answer is number %d of %v", last+1, order)
	}
	if first := slices.Index(order, 1); first < 0 || first > 12 {
		t.Errorf("the greedy one's second answer is number %d of %v", first+1, order)
	}
}

func TestQueueIsBounded(t *testing.T) {
	tab := slots.New(1, 2, 0)
	for i, want := range []bool{true, true, false} {
		if got := tab.Ask(slots.Ticket(i), owner("lab", "s"), 1); got != want {
			t.Errorf("request %d: %v", i, got)
		}
	}
	if !tab.Drop(0) || tab.Drop(0) || tab.Waiting() != 1 {
		t.Error("a dropped request still waits")
	}
}

// TestNoOwnerMeetsAnothersTokens plays random requests, ends, failures and
// restarts, and keeps its own account of what each slot holds.
func TestNoOwnerMeetsAnothersTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "slots")
		tab := slots.New(n, 50, rapid.IntRange(0, 3).Draw(t, "parked"))
		holds := make([]map[slots.Owner]bool, n) // whose tokens are in there
		for i := range holds {
			holds[i] = map[slots.Owner]bool{}
		}
		files := map[slots.Owner]map[slots.Owner]bool{} // whose tokens are in the owner's file
		var out []slots.Grant
		ticket := slots.Ticket(0)
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch rapid.IntRange(0, 11).Draw(t, "step") {
			case 0, 1, 2, 3:
				ticket++
				o := owner(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "tenant"), rapid.SampledFrom([]string{"1", "2"}).Draw(t, "session"))
				tab.Ask(ticket, o, rapid.IntRange(0, 100).Draw(t, "cost"))
			case 4, 5, 6:
				g, ok := tab.Next()
				if !ok {
					continue
				}
				for _, s := range g.Steps {
					switch s.Do {
					case slots.Park:
						files[s.Owner] = map[slots.Owner]bool{}
						for o := range holds[g.Slot] {
							files[s.Owner][o] = true
						}
					case slots.Erase, slots.Afresh:
						clear(holds[g.Slot])
					case slots.Restore:
						for o := range files[s.Owner] {
							holds[g.Slot][o] = true
						}
					}
				}
				for o := range holds[g.Slot] {
					if o != g.Owner {
						t.Fatalf("%v is given slot %d with tokens of %v", g.Owner, g.Slot, o)
					}
				}
				if slices.ContainsFunc(out, func(h slots.Grant) bool { return h.Slot == g.Slot }) {
					t.Fatalf("slot %d is given twice", g.Slot)
				}
				holds[g.Slot][g.Owner] = true
				out = append(out, g)
			case 7, 8:
				if len(out) > 0 {
					tab.Done(out[0], rapid.Bool().Draw(t, "healthy"))
					out = out[1:]
				}
				if o, ok := tab.Evict(); ok {
					delete(files, o)
				}
			case 9:
				if g, ok := tab.Tidy(rapid.Bool().Draw(t, "spent")); ok {
					clear(holds[g.Slot])
					out = append(out, g)
				}
			case 10:
				o := owner(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "tenant"), rapid.SampledFrom([]string{"1", "2"}).Draw(t, "session"))
				if tab.Forget(o) {
					delete(files, o)
				}
			case 11:
				tab.Reset(n)
				out = nil
				for i := range holds {
					clear(holds[i])
				}
			}
		}
	})
}
