package main

import (
	"io"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/sim"
	"github.com/spf13/cobra"
)

func (a *app) simCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sim", Short: "Simulate a pool of machines, some of which lie", Args: exactly(),
		Example: "  krako sim trust --spec spec.json --json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.simTrust())
	return cmd
}

func (a *app) simTrust() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "trust", Short: "What checking results costs, and what gets past it", Args: exactly(),
		Long: `trust runs the coordinator's own verification policy, or one it is compared with,
against nodes that attack, in virtual time. The specification is JSON; what it
leaves out has the value shown here, and the same specification gives the same
figures each time:

  {"nodes": 100, "units_per_node": 2000, "saboteur_share": 0,
   "attack": {"kind": "none"},
   "policy": {"kind": "kv1", "theta": 0.001, "audit_rate": 0.05,
              "trusted_share": 0.2, "f_max": 0.1, "finality_checks": 0},
   "seeds": [1, 2, …, 20], "operators": {"nodes_per_operator": 1, "guilt_by_operator": true}}

With finality_checks 0 a conviction reaches back over all that a node ever did.
attack is one of none, constant{rate}, sleeper{after,rate}, blind_ring{rate},
careful_ring{rate}, whitewash{rate,delay}, target{rate,share}, flaky{rate},
equivocator{rate}, freeloader{rate}; policy one of none, vote{k,parallel}, boinc,
spot_check{rate}, kv1{…,strikes}. A million units take less than a second of CPU
time. What the figures mean: docs/trust.md.`,
		Example: `  krako sim trust --spec spec.json --json
  echo '{"saboteur_share": 0.1, "attack": {"kind": "sleeper", "after": 500, "rate": 1}}' | krako sim trust --spec -`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			spec, err := readSpec(file, cmd.InOrStdin())
			if err != nil {
				return err
			}
			r := sim.Run(spec, cpuSeconds)
			if a.json {
				return a.printJSON(r)
			}
			a.printSim(&r)
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "spec", "", "file with the specification, - for standard input (required)")
	return cmd
}

func readSpec(file string, stdin io.Reader) (sim.Spec, error) {
	switch file {
	case "":
		return sim.Spec{}, cli.Usagef("--spec is required")
	case "-":
		return sim.ReadSpec(stdin)
	}
	f, err := cli.OpenInput(file)
	if err != nil {
		return sim.Spec{}, err
	}
	defer f.Close()
	return sim.ReadSpec(f)
}

func (a *app) printSim(r *sim.Result) {
	a.printf(`executions per unit            %.4f
wrong results released         %.3g of all units
wrong results that stay        %.3g of all units
released per liar              %.2f, at most %.0f
honest nodes cast out          %.2f a run
work of the trusted zone       %.2f %% of all units
time to release                %.3f of the time to the first result
units simulated                %d in %.2f s of CPU time
`, r.Overhead, r.ReleasedError, r.FinalError, r.BadPerIdentityMean, r.BadPerIdentityMax, r.HonestBans,
		100*r.TrustedWorkShare, r.LatencyRatio, r.Units, r.CPUS)
}
