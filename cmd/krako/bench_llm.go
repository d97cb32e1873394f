package main

import (
	"context"
	"strings"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/llmpod/llmbench"
	"github.com/spf13/cobra"
)

func (a *app) benchLLM() *cobra.Command {
	o := llmbench.DefaultOptions()
	cmd := &cobra.Command{
		Use: "llm", Short: "Measure LLM pods beside the bare llama-server", Args: exactly(),
		Long: `llm runs a generated model on a bare llama-server and on a Krako of its own, a
coordinator with pods, and has both answer the same in turns: time to the first
token, time between tokens, throughput. It compares placement with taking pods in
turn, and conversations with and without parking; it looks for tokens of other
sessions in slots, and for answers that differ under load; it has a referee of
another class score answers of honest pods and of cheats. All of it takes less than
eight minutes on two cores that have nothing else to do, and compares best there;
--rounds and the other counts make it longer.`,
		Example: `  krako bench llm --json
  krako bench llm --part beside --rounds 9
  krako bench llm --short`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runBenchLLM(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.Short, "short", false, "few rounds: to see that it runs, not to compare")
	cmd.Flags().StringSliceVar(&o.Parts, "part", nil, "measure only this: "+strings.Join(llmbench.Parts(), ", ")+"; may be repeated")
	cmd.Flags().StringSliceVar(&o.Parts, "only", nil, "the same as --part")
	cmd.MarkFlagsMutuallyExclusive("part", "only")
	cmd.Flags().IntVar(&o.Rounds, "rounds", o.Rounds, "how often the two sides take turns")
	cmd.Flags().IntVar(&o.Probes, "probes", o.Probes, "probes for tokens of other sessions")
	cmd.Flags().IntVar(&o.Replays, "replays", o.Replays, "requests whose answers are compared under load")
	cmd.Flags().IntVar(&o.Scores, "scores", o.Scores, "answers of each kind that a referee scores")
	return cmd
}

func (a *app) runBenchLLM(ctx context.Context, o llmbench.Options) error {
	if err := o.Validate(); err != nil {
		return &cli.UsageError{Err: err}
	}
	o.TrustedID, o.Progress = trustedID, a.stderr
	f, err := llmbench.Run(ctx, o)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(f)
	}
	a.printLLM(f)
	return nil
}

func (a *app) printLLM(f *llmbench.Figures) {
	if b := f.Beside; b != nil {
		a.printf("%-28s %10s %10s\n", "", "krako", "bare")
		a.printf("first token, p50             %10.1f %10.1f  ms\n", b.TTFT, b.BareTTFT)
		a.printf("between tokens               %10.2f %10.2f  ms\n", b.InterToken, b.BareInterToken)
		a.printf("1 stream                     %10.1f %10.1f  tokens/s, %.3f\n", b.Rate1, b.Bare1, b.Ratio1)
		a.printf("2 streams                    %10.1f %10.1f  tokens/s, %.3f\n", b.Rate2, b.Bare2, b.Ratio2)
		a.printf("4 streams                    %10.1f %10.1f  tokens/s, %.3f\n", b.Rate4, b.Bare4, b.Ratio4)
	}
	if r := f.Routing; r != nil {
		a.printf("prompt tokens computed       %10d, in turn %d (%.2f); unit p95 %.0f ms, in turn %.0f\n", r.Computed, r.InTurn, r.PromptTokens, r.UnitP95, r.InTurnP95)
	}
	if p := f.Parking; p != nil {
		a.printf("parked turn, p50             %10.0f ms, unparked %.0f (%.2f); prompt tokens %.2f, same text: %t\n", p.Turn, p.UnparkTurn, p.TurnRatio, p.PromptRatio, p.Same)
	}
	if p := f.Probes; p != nil {
		a.printf("tokens of other sessions     %10d times in %d probes\n", p.Hits, p.Count)
	}
	if r := f.Replay; r != nil {
		a.printf("same answer under load       %10.4f of %d, %d restarts\n", r.Share, r.Requests, r.Restarts)
	}
	if o := f.Overload; o != nil {
		a.printf("of %d graphs at once          %10d refused in %.1f ms p99, %d answered; health %.1f ms p99, %d failures\n", o.Asked, o.Refused, o.RefusedP99, o.Answered, o.HealthP99, o.Unhealthy)
	}
	if s := f.Scoring; s != nil {
		a.printf("called implausible           %10.2f of honest greedy answers, %.2f of sampled; %.2f and %.2f of another model's, %.2f at a lower temperature\n",
			s.FalseGreedy, s.FalseSampled, s.SwappedGreedy, s.SwappedSampled, s.Cooled)
	}
	if c := f.Cancels; c != nil {
		a.printf("cancel frees the slot, p99   %10.1f ms of %d, %.1f bare; p50 %.1f, %.1f bare\n", c.P99, c.Count, c.BareP99, c.P50, c.BareP50)
	}
}
