package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/kora/audr"
)

func (a *app) telemetryCommand() *cobra.Command {
	var records bool
	cmd := &cobra.Command{
		Use: "telemetry RUN", Short: "Say what a saved run took", Args: cli.Exactly("RUN"),
		Long: `telemetry sums up a run that run --save wrote. --audr prints it as AUDR records, one a
line for each unit that ran, as kora-doctor audits them.`,
		Example: "  kora telemetry run.json\n  kora telemetry run.json --audr > run.jsonl",
		RunE: func(_ *cobra.Command, args []string) error {
			doc, err := a.readDocument(args[0])
			if err != nil {
				return err
			}
			if doc.Result == nil {
				return contracts.Errorf(contracts.CodeValidation, args[0], "is a graph that did not run; run it with --save")
			}
			if records {
				return a.printRecords(doc)
			}
			s := summarise(doc.Result)
			if a.json {
				return a.printJSON(s)
			}
			a.printf("%-20s %v\n%-20s %s\n%-20s %d ms\n", "ok", s.OK, "stop reason", s.StopReason, "time", s.TimeMS)
			a.printf("%-20s %d ok, %d failed, %d skipped\n", "units", s.UnitsOK, s.UnitsFailed, s.UnitsSkipped)
			a.printf("%-20s %d, %d tokens in, %d out\n", "model calls", s.ModelCalls, s.TokensIn, s.TokensOut)
			if s.Reused > 0 {
				a.printf("%-20s %d, known from before\n", "not run again", s.Reused)
			}
			a.printf("%-20s %d of %d\n", "without a model", s.WithoutModel, s.UnitsOK+s.UnitsFailed)
			return nil
		},
	}
	cmd.Flags().BoolVar(&records, "audr", false, "print AUDR v1 records")
	return cmd
}

func (a *app) printRecords(doc *saved) error {
	enc := json.NewEncoder(a.stdout)
	for _, r := range audr.Records(doc.Graph, doc.Result) {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// summary is what a run took, in a few numbers.
type summary struct {
	OK           bool                 `json:"ok"`
	StopReason   contracts.StopReason `json:"stop_reason"`
	Class        string               `json:"failure_class,omitempty"`
	TimeMS       int64                `json:"total_time_ms"`
	ModelCalls   int64                `json:"total_llm_calls"`
	TokensIn     int64                `json:"tokens_in"`
	TokensOut    int64                `json:"tokens_out"`
	UnitsOK      int                  `json:"units_ok"`
	UnitsFailed  int                  `json:"units_failed"`
	UnitsSkipped int                  `json:"units_skipped"`
	WithoutModel int                  `json:"units_without_model"`
	Reused       int                  `json:"units_reused"`
	Retries      int                  `json:"retries"`
	Fuel         uint64               `json:"fuel"`
}

func summarise(r *contracts.ExecutionResult) summary {
	s := summary{
		OK: r.Metadata.State == contracts.SessionCompleted, StopReason: r.Metadata.StopReason, Class: string(r.Metadata.StopReason.Class()),
		TimeMS: r.Telemetry.TotalLatencyMS, ModelCalls: r.Telemetry.ModelInvocationCount, Fuel: r.Telemetry.FuelUsed,
	}
	for i := range r.Telemetry.Tasks {
		t := &r.Telemetry.Tasks[i]
		s.TokensIn += t.TokensIn
		s.TokensOut += t.TokensOut
		s.Retries += t.RetryCount
		if t.Cached {
			s.Reused++
		}
		switch t.Status {
		case contracts.UnitSuccess:
			s.UnitsOK++
		case contracts.UnitSkipped, contracts.UnitCancelled:
			s.UnitsSkipped++
			continue
		default:
			s.UnitsFailed++
		}
		if t.TaskType.CPU() {
			s.WithoutModel++
		}
	}
	return s
}
