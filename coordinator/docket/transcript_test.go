package docket_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/docket"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/verify"
	"github.com/krako-labs/krako/internal/golden"
)

// TestTranscripts plays each script in testdata: records of a log, and below each what
// the docket wants from then on. At the end it is folded again from the records alone,
// and taken up from a snapshot, and must be the same.
//
//	policy closed | audits SHARE | zone NODE… | no zone
//	hold CASE CLASS NODE RESULT [with]   a unit's own result; with: its checker comes first
//	give CASE NODE [trusted] | answer CASE NODE RESULT [trusted] | lose CASE NODE [hopeless] | nobody CASE [trusted]
//	check CASE RESULT valid|refused|silent
//	end CASE | use CASE SESSION | close CASE | supersede CASE | mark CASE
//	order NODE STANDING | proof NODE | seen NODE | rotate OLD NEW | approve NODE OPERATOR
//	may CASE NODE… | show NODE…
func TestTranscripts(t *testing.T) { golden.Transcripts(t, play) }

type player struct {
	t      *testing.T
	policy verify.Policy
	zone   []contracts.NodeID
	docket *docket.Docket
	log    []entry
	cases  map[string]uint64
	leases map[string]uint64 // of copies, by case and node
	out    strings.Builder
}

func play(t *testing.T, script string) string {
	p := &player{t: t, policy: verify.DefaultPolicy(), zone: zone, cases: map[string]uint64{}, leases: map[string]uint64{}}
	p.policy.AuditRate, p.policy.FinalityChecks = 0, 3
	for line := range strings.SplitSeq(script, "\n") {
		w := strings.Fields(line)
		if len(w) == 0 || strings.HasPrefix(line, "#") || p.configure(w) {
			continue
		}
		if p.docket == nil {
			p.docket = docket.New(p.policy, secret, p.zone)
		}
		fmt.Fprintf(&p.out, "> %s\n", line)
		if !p.ask(w) {
			p.fold(p.record(w))
		}
		p.tell()
	}
	p.again()
	return p.out.String()
}

func (p *player) configure(w []string) bool {
	switch w[0] {
	case "policy":
		p.policy.FMax, p.policy.Theta[verify.Standard] = 0.0005, 1
	case "audits":
		share, err := strconv.ParseFloat(w[1], 64)
		if err != nil {
			p.t.Fatal(err)
		}
		p.policy.AuditRate = share
	case "zone":
		p.zone = nil
		for _, n := range w[1:] {
			p.zone = append(p.zone, contracts.NodeID(n))
		}
	case "no":
		p.zone = nil
	default:
		return false
	}
	return true
}

// ask answers what changes nothing.
func (p *player) ask(w []string) bool {
	switch w[0] {
	case "may":
		for _, n := range w[2:] {
			c := p.of(w[1])
			fmt.Fprintf(&p.out, "  %s: copy %t, check %t\n", n, p.docket.May(c, contracts.NodeID(n)), p.docket.MayCheck(c, contracts.NodeID(n)))
		}
	case "show":
		for _, n := range w[1:] {
			r := p.docket.Node(contracts.NodeID(n))
			fmt.Fprintf(&p.out, "  %s is %s of %q after %.1f checks, convicted %d times\n", n, r.Standing, r.Operator, r.Checks, r.Convictions)
		}
	default:
		return false
	}
	return true
}

func (p *player) fold(r session.Record) {
	p.log = append(p.log, entry{uint64(len(p.log) + 1), r})
	p.docket.Fold(uint64(len(p.log)), &r)
}

func (p *player) of(name string) *docket.Case {
	c := p.docket.Of(p.cases[name])
	if c == nil {
		p.t.Fatalf("case %s is not open", name)
	}
	return c
}

// record is the fact that a line of a script names.
func (p *player) record(w []string) session.Record {
	arg := func(i int) string {
		if i < len(w) {
			return w[i]
		}
		return ""
	}
	n := contracts.NodeID(arg(2))
	id := p.cases[arg(1)]
	switch w[0] {
	case "hold":
		p.cases[w[1]] = uint64(len(p.log) + 1)
		class := slices.Index([]string{"unheld", "standard", "high", "recomputed"}, w[2])
		return session.Record{Session: contracts.SessionID("s-" + w[1]), Held: &session.Held{
			Class: uint8(class), With: arg(5) == "with", Node: contracts.NodeID(w[3]), Unit: link("unit " + w[1]), End: p.end(w[1], w[4], 1000),
		}}
	case "give":
		p.leases[w[1]+w[2]] = uint64(len(p.log) + 1)
		return session.Record{Copied: &session.Copied{Check: id, Node: n, Lease: p.leases[w[1]+w[2]], Epoch: 1, Trusted: arg(3) == "trusted"}}
	case "answer":
		return session.Record{Held: &session.Held{Check: id, Node: n, Trusted: arg(4) == "trusted", Unit: link("unit " + w[1]), End: p.end(w[1], w[3], p.leases[w[1]+w[2]])}}
	case "lose":
		return session.Record{Copied: &session.Copied{Check: id, Node: n, Lease: p.leases[w[1]+w[2]], Trusted: p.of(w[1]).Out[p.leases[w[1]+w[2]]].Trusted, Reason: "lost", Hopeless: arg(3) == "hopeless"}}
	case "nobody":
		return session.Record{Copied: &session.Copied{Check: id, Trusted: arg(2) == "trusted", Reason: "no node took it", Hopeless: true}}
	case "check":
		found := map[string]session.Check{"valid": {Valid: true}, "refused": {Code: contracts.CodeBadOutput}, "silent": {Code: contracts.CodeTrap}}[w[3]]
		found.Node, found.Unit, found.Result = "checker", link("check"), link("said")
		k := session.Checked{Check: id, Of: link("result " + w[2]), Found: found}
		if found.Valid {
			k.Refutes = p.of(w[1]).Refuted()
		}
		if len(k.Refutes) > 0 {
			fmt.Fprintf(&p.out, "  refutes %v\n", k.Refutes)
		}
		return session.Record{Checked: &k}
	case "end", "supersede", "use":
		return p.ends(w)
	case "close":
		return session.Record{Session: contracts.SessionID("s-" + w[1]), Closed: &session.Closed{State: contracts.SessionCompleted}}
	case "mark":
		return session.Record{Marked: &session.Marked{Module: link("module"), Unit: link("unit " + w[1]), Check: id}}
	case "order":
		return session.Record{Standing: &session.Standing{Node: contracts.NodeID(w[1]), Standing: w[2], By: "kk_admin", Reason: "ordered"}}
	case "proof":
		proof := link("two signatures")
		return session.Record{Standing: &session.Standing{Node: contracts.NodeID(w[1]), Standing: verify.Banned.String(), Proof: &proof}}
	case "seen":
		return session.Record{Standing: &session.Standing{Node: contracts.NodeID(w[1]), Standing: verify.Suspended.String(), By: session.Witness, Reason: "contradicted itself"}}
	case "rotate":
		return session.Record{Standing: &session.Standing{Node: n, Was: contracts.NodeID(w[1]), Standing: docket.Rotated}}
	case "approve":
		return session.Record{Standing: &session.Standing{Node: contracts.NodeID(w[1]), Standing: docket.Approved, Operator: w[2], By: "kk_admin"}}
	}
	p.t.Fatalf("unknown line %q", w)
	return session.Record{}
}

// end is how a unit ends by a result.
func (p *player) end(unit, result string, lease uint64) session.Ended {
	return session.Ended{State: contracts.UnitSuccess, Reason: contracts.StopSuccess, Lease: lease, Result: link("result " + result), Batch: link("batch"), UnitCID: link("unit " + unit)}
}

// ends ends a unit as the case has it, in its own session or in one that found it known.
func (p *player) ends(w []string) session.Record {
	c := p.of(w[1])
	f := c.Ends()
	if f == nil {
		p.t.Fatalf("case %s has no verdict", w[1])
	}
	e := f.End
	e.Unit, e.Lease, e.Check, e.Node, e.UnitCID = c.Index, c.Lease, c.ID, f.Node, c.Unit
	switch w[0] {
	case "use":
		e.By, e.Check, e.Lease = f.Node, 0, 0
		return session.Record{Session: contracts.SessionID(w[2]), Ended: &e}
	case "supersede":
		return session.Record{Session: c.Session, Superseded: &session.Superseded{Old: c.Given, End: e}}
	}
	return session.Record{Session: c.Session, Ended: &e}
}

func (p *player) name(id uint64) string {
	for name, n := range p.cases {
		if n == id {
			return name
		}
	}
	return fmt.Sprint(id)
}

func (p *player) result(l contracts.Link) string {
	for _, name := range []string{"right", "wrong", "other"} {
		if l.Defined() && l.Equals(link("result "+name).Cid) {
			return name
		}
	}
	return "?"
}

// tell says what the docket wants.
func (p *player) tell() {
	for _, m := range p.docket.Moved() {
		switch {
		case m.Convicted:
			fmt.Fprintf(&p.out, "  %s is convicted over %s\n", m.Node, p.name(m.Check))
		default:
			fmt.Fprintf(&p.out, "  %s is %s now: %s\n", m.Node, m.Standing, m.Reason)
		}
	}
	changed := p.docket.Changed()
	slices.SortFunc(changed, func(a, b *docket.Case) int { return int(a.ID) - int(b.ID) })
	for _, c := range changed {
		var says []string
		say := func(ok bool, format string, args ...any) {
			if ok {
				says = append(says, fmt.Sprintf(format, args...))
			}
		}
		if f := c.ToCheck(); f != nil {
			say(true, "check %s", p.result(f.End.Result))
		}
		say(c.Replicas > 0, "%d copies", c.Replicas)
		say(c.Recompute && !c.Cross, "a recompute")
		say(c.Recompute && c.Cross, "the other engine")
		say(len(c.Out) > 0, "%d out", len(c.Out))
		if f := c.Ends(); f != nil {
			say(true, "ends with %s of %s", p.result(f.End.Result), f.Node)
		}
		say(c.Broken != "", "broken: %s", c.Broken)
		say(c.Wrong(c.Given), "%s was given and is wrong", p.result(c.Given))
		for _, u := range c.Users {
			say(c.Wrong(u.Given), "%s has %s and must be put right", u.Session, p.result(u.Given))
		}
		say(p.docket.Of(c.ID) == nil, "closed")
		fmt.Fprintf(&p.out, "  %s: %s\n", p.name(c.ID), strings.Join(says, ", "))
	}
}

// again folds the records anew, and the second half of them behind a snapshot.
func (p *player) again() {
	whole, half := docket.New(p.policy, secret, p.zone), docket.New(p.policy, secret, p.zone)
	for i := range p.log {
		whole.Fold(p.log[i].at, &p.log[i].rec)
		if i < len(p.log)/2 {
			half.Fold(p.log[i].at, &p.log[i].rec)
		}
	}
	blocks := encode(p.t, half, uint64(len(p.log)/2))
	half, _, err := docket.Restore(cluster, blocks[len(blocks)-1], pagesOf(blocks), p.policy, secret, p.zone)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := len(p.log) / 2; i < len(p.log); i++ {
		half.Fold(p.log[i].at, &p.log[i].rec)
	}
	at := uint64(len(p.log))
	want := encode(p.t, p.docket, at)
	if !same(want, encode(p.t, whole, at)) || !same(want, encode(p.t, half, at)) {
		p.t.Error("folded again it is another docket")
	}
	fmt.Fprintf(&p.out, "%d cases are open\n", p.docket.Len())
}
