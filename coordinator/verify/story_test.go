package verify

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/krako-labs/krako/internal/golden"
)

// TestStories runs each story in testdata/*.txt and compares what the core says
// with what stands there. A line is an input, what follows it indented the
// actions:
//
//	pool OPERATOR NODE...      nodes of an operator; a name in capitals is trusted
//	earn NODE CHECKS           the node survives checks elsewhere
//	commit UNIT CLASS NODE RESULT [trusted|replica]   with a coin that orders that audit
//	recompute UNIT RESULT...   what the trusted zone found, one engine after another
//	unplaceable UNIT [zone]    nobody is left; with zone, the trusted zone is there
//	equivocate|contradict|suspend|readmit|forget NODE
//	may UNIT                   who may be given the unit
//	show                       the standings
func TestStories(t *testing.T) {
	golden.Stories(t, func(t *testing.T, text string) string {
		return (&teller{core: New(storyPolicy()), nodes: map[string]Node{}, operators: map[string]Operator{}}).tell(t, text)
	})
}

// storyPolicy has short spans, so that stories are short.
func storyPolicy() Policy {
	p := DefaultPolicy()
	p.FinalityChecks = 3
	return p
}

type teller struct {
	core      *Core
	nodes     map[string]Node
	names     []string
	operators map[string]Operator
}

func (s *teller) tell(t *testing.T, script string) string {
	var out strings.Builder
	for lines := bufio.NewScanner(strings.NewReader(script)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "    ") {
			continue
		}
		fmt.Fprintln(&out, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s.do(t, &out, strings.Fields(line))
		for _, a := range s.core.Take() {
			fmt.Fprintln(&out, "    "+s.describe(a))
		}
	}
	return out.String()
}

func (s *teller) do(t *testing.T, out *strings.Builder, f []string) {
	t.Helper()
	node := func(i int) Node {
		n, ok := s.nodes[f[i]]
		if !ok {
			t.Fatalf("no node %s", f[i])
		}
		return n
	}
	unit := func(i int) Unit { u, _ := strconv.ParseUint(f[i], 10, 64); return Unit(u) }
	switch f[0] {
	case "pool":
		s.pool(f[1], f[2:])
	case "earn":
		k, err := strconv.ParseFloat(f[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		s.core.nodes[node(1)].k = k
		if Doubt(s.core.policy.FMax, k) <= s.core.policy.Theta[Standard] {
			s.core.stand(node(1), Member)
		}
	case "commit":
		class := map[string]Class{"unheld": Unheld, "standard": Standard, "high": High, "recomputed": Recomputed}[f[2]]
		s.core.Committed(unit(1), class, node(3), digestOf(f[4]), coinFor(f[5:]))
	case "recompute":
		for _, found := range f[2:] {
			s.core.Recomputed(unit(1), digestOf(found))
		}
	case "unplaceable":
		s.core.Unplaceable(unit(1), len(f) > 2)
	case "unresolved":
		s.core.Unresolved(unit(1))
	case "contradict":
		s.core.Contradicted(node(1))
	case "equivocate":
		s.core.Equivocated(node(1))
	case "suspend":
		s.core.Suspend(node(1))
	case "readmit":
		s.core.Readmit(node(1))
	case "forget":
		s.core.Forget(node(1))
	case "may":
		for _, n := range s.names {
			if s.core.May(unit(1), s.nodes[n]) {
				fmt.Fprintln(out, "    "+n)
			}
		}
	case "show":
		for _, n := range s.names {
			c, k := s.core.Credibility(s.nodes[n])
			fmt.Fprintf(out, "    %s is %s, credibility %.5f after %.1f checks\n", n, s.core.Standing(s.nodes[n]), c, k)
		}
		fmt.Fprintf(out, "    %d units are open\n", s.core.Open())
	default:
		t.Fatalf("no input %q", f[0])
	}
}

func (s *teller) pool(operator string, names []string) {
	op, ok := s.operators[operator]
	if !ok {
		op = s.core.NewOperator()
		s.operators[operator] = op
	}
	for _, n := range names {
		s.nodes[n] = s.core.Join(op, n == strings.ToUpper(n))
		s.names = append(s.names, n)
	}
}

func digestOf(s string) (d Digest) { copy(d[:], s); return d }

// coinFor makes a coin that orders the named audit, none if there is no name.
func coinFor(name []string) uint64 {
	switch strings.Join(name, "") {
	case "trusted":
		return 0
	case "replica":
		return 1<<32 - 1
	}
	return 1<<64 - 1
}

func (s *teller) describe(a Action) string {
	words := []string{a.Kind.String()}
	switch a.Kind {
	case Convict, Change, Confirm:
		words = append(words, s.names[a.Node])
	}
	if a.Kind == Change {
		return strings.Join(append(words, a.Standing.String()), " ")
	}
	words = append(words, fmt.Sprint(a.Unit))
	text := func(d Digest) string { return strings.TrimRight(string(d[:]), "\x00") }
	switch a.Kind {
	case Release, Final:
		words = append(words, text(a.Digest))
	case Supersede:
		words = append(words, text(a.Old), "by", text(a.Digest))
	case Confirm:
		words = append(words, fmt.Sprintf("+%.1f", a.Checks))
	}
	return strings.Join(words, " ")
}
