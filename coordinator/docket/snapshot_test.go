package docket_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/docket"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/verify"
)

const cluster = "6a2f41a3-c54c-fce8-32d2-0324e1c32e22"

var (
	secret = []byte("a secret of sixteen bytes or more")
	zone   = []contracts.NodeID{"zone"}
)

// policy has short spans, so that a short log has final results, strikes and bans.
func policy() verify.Policy {
	p := verify.DefaultPolicy()
	p.AuditRate, p.FinalityChecks, p.StrikeWindow = 0.4, 4, 60
	return p
}

func fresh() *docket.Docket { return docket.New(policy(), secret, zone) }

func link(s string) contracts.Link { return contracts.Link{Cid: dagcbor.RawCID([]byte(s))} }

// entry is a record where it stands in the log.
type entry struct {
	at  uint64
	rec session.Record
}

// writer writes a log of verification as a coordinator would that follows its
// docket: some nodes lie, copies get lost, sessions are closed, operators interfere.
type writer struct {
	rng     *rand.Rand
	docket  *docket.Docket
	log     []entry
	lease   uint64
	session int
	given   map[uint64]bool // cases whose units have ended
	checks  int
}

var pool = []contracts.NodeID{"n0", "n1", "n2", "n3", "n4", "n5", "n6", "liar"}

// add writes a record down and folds it.
func (w *writer) add(r session.Record) {
	w.log = append(w.log, entry{uint64(len(w.log) + 1), r})
	w.docket.Fold(uint64(len(w.log)), &r)
}

func (w *writer) node() contracts.NodeID { return pool[w.rng.IntN(len(pool))] }

// found is what a node finds for a unit.
func (w *writer) found(n contracts.NodeID, unit contracts.Link, lease uint64, index int) session.Ended {
	result := "right " + unit.String()
	if n == "liar" && w.rng.IntN(3) == 0 {
		result = "wrong " + unit.String()
	}
	return session.Ended{
		Unit: index, State: contracts.UnitSuccess, Reason: "completed", Lease: lease, Result: link(result), Batch: link(fmt.Sprint("batch", lease)),
		Output: link("out " + result), MediaType: "application/json", Bytes: 7, Fuel: 11, Started: 5, DurationUS: 3,
	}
}

func (w *writer) cases() (list []*docket.Case) {
	w.docket.Each(func(c *docket.Case) { list = append(list, c) })
	slices.SortFunc(list, func(a, b *docket.Case) int { return int(a.ID) - int(b.ID) })
	return list
}

func (w *writer) step() {
	list := w.cases()
	if len(list) == 0 || w.rng.IntN(4) == 0 {
		w.lease++
		w.session += w.rng.IntN(2)
		n := w.node()
		unit := link(fmt.Sprint("unit", w.lease-uint64(w.rng.IntN(2)))) // now and then the same one again
		w.add(session.Record{Session: contracts.SessionID(fmt.Sprint("s", w.session)), Held: &session.Held{
			Class: uint8(w.rng.IntN(4)), With: w.rng.IntN(3) == 0, Node: n, Unit: unit, End: w.found(n, unit, w.lease, w.rng.IntN(9)),
		}})
		return
	}
	c := list[w.rng.IntN(len(list))]
	if f := c.ToCheck(); f != nil {
		w.check(c, f)
		return
	}
	switch w.rng.IntN(12) {
	case 0, 1, 2, 3:
		w.give(c)
	case 4, 5, 6:
		w.back(c)
	case 7, 8:
		w.enforce(c)
	case 9: // a unit ends with the known result
		w.session++
		e := c.Findings[0].End
		e.By, e.UnitCID, e.Lease = c.Findings[0].Node, c.Unit, 0
		w.add(session.Record{Session: contracts.SessionID(fmt.Sprint("s", w.session)), Ended: &e})
	case 10:
		w.add(session.Record{Session: c.Session, Closed: &session.Closed{State: contracts.SessionCompleted}})
	case 11:
		w.order()
	}
}

// give gives a copy out if one is wanted.
func (w *writer) give(c *docket.Case) {
	trusted := c.Recompute
	if !trusted && c.Replicas == 0 {
		return
	}
	n := zone[0]
	if !trusted {
		if n = w.node(); !w.docket.May(c, n) {
			return
		}
	}
	w.lease++
	r := session.Record{Copied: &session.Copied{Check: c.ID, Node: n, Lease: w.lease, Epoch: 1, Trusted: trusted}}
	w.docket.Give(c, w.lease, docket.Copy{Node: n, Epoch: 1, Trusted: trusted})
	w.add(r)
}

// back brings a copy back, or loses it.
func (w *writer) back(c *docket.Case) {
	leases := make([]uint64, 0, len(c.Out))
	for l := range c.Out {
		leases = append(leases, l)
	}
	if len(leases) == 0 {
		return
	}
	slices.Sort(leases)
	l := leases[w.rng.IntN(len(leases))]
	o := c.Out[l]
	if w.rng.IntN(6) == 0 {
		w.add(session.Record{Copied: &session.Copied{Check: c.ID, Node: o.Node, Lease: l, Epoch: o.Epoch, Trusted: o.Trusted, Reason: "lost", Hopeless: w.rng.IntN(2) == 0}})
		return
	}
	w.add(session.Record{Held: &session.Held{Node: o.Node, Unit: c.Unit, Check: c.ID, Trusted: o.Trusted, End: w.found(o.Node, c.Unit, l, c.Index)}})
}

// check has the unit's checker say something of a finding: mostly what is so.
func (w *writer) check(c *docket.Case, f *docket.Finding) {
	k := session.Check{Node: zone[0], Unit: link("check"), Result: link("checked"), Batch: link("batch"), Valid: f.End.Result == link("right "+c.Unit.String())}
	switch {
	case w.rng.IntN(6) == 0:
		k = session.Check{Code: contracts.CodeTrap, Detail: "silence"}
	case !k.Valid:
		k.Code = contracts.CodeBadOutput
	}
	w.checks++
	rec := session.Checked{Check: c.ID, Of: f.End.Result, Found: k}
	if k.Valid {
		rec.Refutes = c.Refuted()
	}
	w.add(session.Record{Checked: &rec})
}

// enforce ends or corrects what a verdict is about.
func (w *writer) enforce(c *docket.Case) {
	f := c.Ends()
	if f == nil {
		return
	}
	e := f.End
	e.Unit, e.Lease, e.Check, e.Node, e.UnitCID = c.Index, c.Lease, c.ID, f.Node, c.Unit
	switch {
	case !w.given[c.ID]:
		w.given[c.ID] = true
		w.add(session.Record{Session: c.Session, Ended: &e})
	case c.Wrong(c.Given):
		w.add(session.Record{Session: c.Session, Superseded: &session.Superseded{Old: c.Given, OldNode: "liar", End: e}})
	}
	for _, u := range slices.Clone(c.Users) {
		if c.Wrong(u.Given) {
			e.Unit = u.Index
			w.add(session.Record{Session: u.Session, Superseded: &session.Superseded{Old: u.Given, OldNode: "liar", End: e}})
		}
	}
}

// order is what an operator decides, or a proof.
func (w *writer) order() {
	s := session.Standing{Node: w.node(), By: "kk_admin", Reason: "ordered"}
	switch w.rng.IntN(5) {
	case 0:
		s.Standing = docket.Approved
		if !w.docket.Known(s.Node) {
			s.Operator = "lab"
		}
	case 1:
		s.Standing = verify.Suspended.String()
	case 2, 3:
		s.Standing = verify.Probation.String()
	default:
		if w.rng.IntN(8) > 0 {
			return
		}
		proof := link("two signatures")
		s.Standing, s.Proof, s.By = verify.Banned.String(), &proof, ""
	}
	w.add(session.Record{Standing: &s})
}

// story writes a log of n records.
func story(seed uint64, n int) []entry {
	w := &writer{rng: rand.New(rand.NewPCG(seed, 1)), docket: fresh(), given: map[uint64]bool{}}
	for len(w.log) < n {
		w.step()
	}
	if w.checks == 0 {
		panic("no checker said anything")
	}
	return w.log
}

func encode(t *testing.T, d *docket.Docket, at uint64) [][]byte {
	t.Helper()
	blocks, err := d.Snapshot(at).Encode(cluster)
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

func restore(t *testing.T, blocks [][]byte) (*docket.Docket, uint64) {
	t.Helper()
	d, at, err := docket.Restore(cluster, blocks[len(blocks)-1], pagesOf(blocks), policy(), secret, zone)
	if err != nil {
		t.Fatal(err)
	}
	return d, at
}

func pagesOf(blocks [][]byte) func(cid.Cid) ([]byte, error) {
	return func(id cid.Cid) ([]byte, error) {
		for _, b := range blocks {
			if dagcbor.CID(b).Equals(id) {
				return b, nil
			}
		}
		return nil, contracts.Errorf(contracts.CodeNotFound, id.String(), "no such page")
	}
}

func same(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }

// Wherever a docket was written down, taking it up and folding the rest gives the
// bytes that folding everything gives, and wants the same.
func TestSnapshotAndTailAreTheWholeLog(t *testing.T) {
	for seed := range uint64(5) {
		log := story(seed, 400)
		whole := fresh()
		for _, e := range log {
			whole.Fold(e.at, &e.rec)
		}
		want, untold := encode(t, whole, uint64(len(log))), fmt.Sprint(whole.Untold())
		rng := rand.New(rand.NewPCG(seed, 2))
		for range 5 {
			cut := rng.IntN(len(log) + 1)
			part := fresh()
			for _, e := range log[:cut] {
				part.Fold(e.at, &e.rec)
			}
			again, at := restore(t, encode(t, part, uint64(cut)))
			if at != uint64(cut) {
				t.Fatalf("seed %d: taken up at record %d, want %d", seed, at, cut)
			}
			for _, e := range log[cut:] {
				part.Fold(e.at, &e.rec)
				again.Fold(e.at, &e.rec)
			}
			if got := encode(t, again, uint64(len(log))); !same(got, want) {
				t.Fatalf("seed %d, cut at %d: another docket", seed, cut)
			}
			if got := fmt.Sprint(again.Untold()); got != untold {
				t.Fatalf("seed %d, cut at %d: untold %s, want %s", seed, cut, got, untold)
			}
		}
		if whole.Len() == 0 {
			t.Errorf("seed %d: no case is open at the end, the test shows little", seed)
		}
	}
}

// What was given out and is not folded yet is not in a snapshot, whoever was asked
// about meanwhile.
func TestSnapshotHasWhatTheLogHas(t *testing.T) {
	log := story(7, 300)
	plain, live := fresh(), fresh()
	given := 0
	for _, e := range log {
		plain.Fold(e.at, &e.rec)
		live.Fold(e.at, &e.rec)
		live.Each(func(c *docket.Case) {
			for _, n := range append(pool, "stranger") {
				live.May(c, n)
			}
		})
		// Of a copy that is in the log next, the live one knows already.
		next := e.at
		if int(next) < len(log) {
			if p := log[next].rec.Copied; p != nil && p.Reason == "" {
				given++
				live.Give(live.Of(p.Check), p.Lease, docket.Copy{Node: p.Node, Epoch: p.Epoch, Trusted: p.Trusted})
			}
		}
		if !same(encode(t, plain, e.at), encode(t, live, e.at)) {
			t.Fatalf("record %d: the live docket writes down another snapshot", e.at)
		}
	}
	if given == 0 {
		t.Error("no copy was given")
	}
}

// A node that left the trusted zone while the coordinator was down is a stranger,
// one that came into it is believed.
func TestRestoreHoldsTheZoneOfNow(t *testing.T) {
	d := fresh()
	for i, n := range []contracts.NodeID{"zone", "n1"} {
		unit := link(fmt.Sprint(i))
		d.Fold(uint64(i+1), &session.Record{Session: "s", Held: &session.Held{Class: 2, Node: n, Unit: unit, End: session.Ended{Lease: uint64(i + 1), Result: link("r"), Batch: link("b")}}})
	}
	blocks := encode(t, d, 2)
	again, _, err := docket.Restore(cluster, blocks[len(blocks)-1], pagesOf(blocks), policy(), secret, []contracts.NodeID{"n1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Node("zone").Standing; got != verify.Probation {
		t.Errorf("the old zone's node is %s", got)
	}
	if got := again.Node("n1").Standing; got != verify.Trusted {
		t.Errorf("the new zone's node is %s", got)
	}
}

func TestRestoreRefuses(t *testing.T) {
	log := story(3, 200)
	d := fresh()
	for _, e := range log {
		d.Fold(e.at, &e.rec)
	}
	blocks := encode(t, d, 200)
	root := blocks[len(blocks)-1]
	for name, c := range map[string]struct {
		cluster string
		root    []byte
		pages   [][]byte
		code    contracts.Code
	}{
		"another log's":  {"another", root, blocks, contracts.CodeConflict},
		"junk":           {cluster, []byte("junk"), blocks, contracts.CodeValidation},
		"pages missing":  {cluster, root, nil, contracts.CodeNotFound},
		"a page as root": {cluster, blocks[0], blocks, contracts.CodeValidation},
	} {
		if _, _, err := docket.Restore(c.cluster, c.root, pagesOf(c.pages), policy(), secret, zone); contracts.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

// Pages of which nothing changed are the same blocks in the next snapshot.
func TestSnapshotsShareOldPages(t *testing.T) {
	d := fresh()
	hold := func(at uint64) {
		d.Fold(at, &session.Record{Session: "s", Held: &session.Held{Class: 3, Node: "n1", Unit: link(fmt.Sprint(at)), End: session.Ended{Lease: at, Result: link("r"), Batch: link("b")}}})
	}
	for at := uint64(1); at <= 20_000; at += 10 {
		hold(at)
	}
	before := encode(t, d, 20_000)
	hold(20_001)
	shared := 0
	for _, b := range encode(t, d, 20_001) {
		if slices.ContainsFunc(before, func(o []byte) bool { return bytes.Equal(o, b) }) {
			shared++
		}
	}
	if shared < len(before)-4 {
		t.Errorf("%d of %d blocks are shared", shared, len(before))
	}
}

func FuzzRestore(f *testing.F) {
	d := fresh()
	for _, e := range story(5, 120) {
		d.Fold(e.at, &e.rec)
	}
	blocks, err := d.Snapshot(120).Encode(cluster)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(blocks[len(blocks)-1], blocks[0], blocks[len(blocks)-2])
	f.Fuzz(func(t *testing.T, root, a, b []byte) {
		pages := [][]byte{a, b}
		i := 0
		d, at, err := docket.Restore(cluster, root, func(cid.Cid) ([]byte, error) { i++; return pages[i%2], nil }, policy(), secret, zone)
		if err != nil {
			return
		}
		again, err := d.Snapshot(at).Encode(cluster)
		if err != nil {
			t.Fatalf("what was restored does not encode: %v", err)
		}
		if _, _, err := docket.Restore(cluster, again[len(again)-1], pagesOf(again), policy(), secret, zone); err != nil {
			t.Errorf("what was restored is not restored again: %v", err)
		}
	})
}

// A case goes when its result has become final because its node outlived enough
// checks, not only when somebody looks at the case itself.
func TestRipeCasesAreClosed(t *testing.T) {
	p := policy()
	p.AuditRate = 0
	d := docket.New(p, secret, zone)
	at, lease := uint64(0), uint64(0)
	fold := func(r session.Record) uint64 { at++; d.Fold(at, &r); return at }
	held := func(check uint64, n contracts.NodeID, unit contracts.Link, class uint8) uint64 {
		lease++
		return fold(session.Record{Session: "s", Held: &session.Held{Check: check, Class: class, Node: n, Trusted: n == "zone", Unit: unit, End: session.Ended{Lease: lease, Result: link("r"), Batch: link("b")}}})
	}
	checked := func(i int) { // a result of n1 is proved right by the trusted zone
		unit := link(fmt.Sprint("checked", i))
		id := held(0, "n1", unit, 3)
		fold(session.Record{Session: "s", Ended: &session.Ended{Check: id, Result: link("r")}})
		lease++
		fold(session.Record{Copied: &session.Copied{Check: id, Node: "zone", Lease: lease, Trusted: true}})
		held(id, "zone", unit, 0)
		fold(session.Record{Session: "s", Ended: &session.Ended{Check: id, Result: link("r")}})
	}
	for i := range 120 { // until it is a member
		checked(i)
	}
	open := held(0, "n1", link("unchecked"), 1)
	fold(session.Record{Session: "s", Ended: &session.Ended{Check: open, Result: link("r")}})
	if d.Of(open) == nil || d.Of(open).Verdict() == nil {
		t.Fatalf("the unchecked result of a %+v is not used", d.Node("n1"))
	}
	d.Changed()
	for i := range 4 {
		checked(1000 + i)
	}
	if d.Of(open) != nil {
		t.Error("the case is open although its result is final")
	}
	if d.Len() != 0 {
		t.Errorf("%d cases are open", d.Len())
	}
}

// Two computations can be made to look alike where cases are found by their unit: in
// everything but the kind of their address here. They are kept apart, whichever goes first.
func TestUnitsWithOneKeyAreToldApart(t *testing.T) {
	alike := []contracts.Link{{Cid: dagcbor.RawCID([]byte("unit"))}, {Cid: dagcbor.CID([]byte("unit"))}}
	third := link("another")
	for first := range alike {
		d := fresh()
		ids := map[contracts.Link]uint64{}
		for i, u := range []contracts.Link{alike[0], alike[1], third} {
			at := uint64(i + 1)
			ids[u] = at
			d.Fold(at, &session.Record{Session: contracts.SessionID(fmt.Sprint("s", i)), Held: &session.Held{
				Class: uint8(verify.High), Node: "n0", Unit: u, End: session.Ended{State: contracts.UnitSuccess, Lease: at, Result: link(fmt.Sprint("r", i))},
			}})
		}
		look := func(u contracts.Link, there bool) {
			t.Helper()
			c := d.About(u.Cid)
			if (c != nil) != there || there && c.ID != ids[u] {
				t.Errorf("about %s there is %+v, want case %d: %t", u, c, ids[u], there)
			}
		}
		for _, u := range alike {
			look(u, true)
		}
		gone := alike[first]
		c := d.Of(ids[gone])
		d.Fold(4, &session.Record{Session: c.Session, Closed: &session.Closed{State: contracts.SessionCompleted}})
		if !c.Shut() || d.Of(c.ID) != nil {
			t.Fatalf("case %d is open: its unit ended with nothing", c.ID)
		}
		look(gone, false)
		look(alike[1-first], true)
		look(third, true)
	}
}
