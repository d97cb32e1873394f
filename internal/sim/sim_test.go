package sim

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

func noClock() float64 { return 0 }

// Every attack against every policy, small: each run ends, the same one twice
// is the same to the last bit, and the figures are possible ones.
func TestEveryAttackEndsAndRepeats(t *testing.T) {
	for attack := range attacks {
		for policy := range judges {
			s := DefaultSpec()
			s.Nodes, s.UnitsPerNode, s.SaboteurShare, s.Seeds = 20, 100, 0.3, []uint64{7}
			s.Operators.NodesPerOperator = 2
			s.Attack = Attack{Kind: attack, Rate: 0.2, After: 20, Delay: 5, Share: 0.1}
			s.Policy.Kind, s.Policy.K, s.Policy.Rate, s.Policy.FinalityChecks = policy, 2, 0.2, 20
			if err := s.Validate(); err != nil {
				t.Fatal(err)
			}
			a, b := Run(s, noClock), Run(s, noClock)
			if a != b {
				t.Errorf("%s under %s: %+v, then %+v", attack, policy, a, b)
			}
			if a.HonestBans == 0 && a.Overhead < 1 || a.FinalError > a.ReleasedError || a.LatencyRatio < 1-1e-9 || a.Units != 2000 {
				t.Errorf("%s under %s: %+v", attack, policy, a)
			}
		}
	}
}

// Equivocators are banned by their own signatures, freeloaders by their guesses.
func TestBanned(t *testing.T) {
	for _, attack := range []string{"equivocator", "freeloader"} {
		s := DefaultSpec()
		s.UnitsPerNode, s.SaboteurShare, s.Seeds = 300, 0.1, []uint64{1}
		s.Attack = Attack{Kind: attack, Rate: 0.5}
		w := newWorld(&s, 1)
		w.run()
		for i, m := range w.machines {
			if m.out != m.saboteur {
				t.Errorf("%s: machine %d is out: %v, saboteur: %v", attack, i, m.out, m.saboteur)
			}
		}
	}
}

func TestWhitewashersComeBack(t *testing.T) {
	s := DefaultSpec()
	s.SaboteurShare, s.Attack, s.Seeds = 0.1, Attack{Kind: "whitewash", Rate: 0.2, Delay: 10}, []uint64{1}
	s.UnitsPerNode = 500
	w := newWorld(&s, 1)
	if o := w.run(); o.identities < 50 || o.honestBans != 0 {
		t.Errorf("%d identities, %d honest bans", o.identities, o.honestBans)
	}
}

func TestSpecIsReadStrictly(t *testing.T) {
	for name, c := range map[string]struct{ spec, names string }{
		"unknown field":  {`{"node":3}`, "node"},
		"two documents":  {`{} {}`, "follows"},
		"no JSON":        {`nodes: 3`, "invalid"},
		"unknown attack": {`{"attack":{"kind":"bribe"}}`, "bribe"},
		"unknown policy": {`{"policy":{"kind":"hope"}}`, "hope"},
		"no votes":       {`{"policy":{"kind":"vote"}}`, "k from 1"},
		"one node":       {`{"nodes":1}`, "nodes is 1"},
		"rate":           {`{"attack":{"kind":"constant","rate":2}}`, "rate is 2"},
		"f_max":          {`{"policy":{"kind":"kv1","f_max":0.6}}`, "f_max is 0.6"},
		"no seeds":       {`{"seeds":[]}`, "0 seeds"},
		"too large":      {`{"units_per_node":1000000000}`, "units_per_node"},
	} {
		_, err := ReadSpec(strings.NewReader(c.spec))
		var e *contracts.Error
		if err == nil || !strings.Contains(err.Error(), c.names) || contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%s: %v, want a VALIDATION_ERROR that says %q (%v)", name, err, c.names, e)
		}
	}
	full := `{"nodes":100,"units_per_node":2000,"saboteur_share":0.1,"attack":{"kind":"constant","rate":0.01},"policy":{"kind":"kv1","theta":0.001,"audit_rate":0.05,"trusted_share":0.2,"f_max":0.1,"finality_checks":100},"seeds":[1,2,3],"operators":{"nodes_per_operator":1,"guilt_by_operator":true}}`
	s, err := ReadSpec(strings.NewReader(full))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(s)
	if err != nil || string(b) != full {
		t.Errorf("read and written again: %s (%v)", b, err)
	}
}
