package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"
	"github.com/spf13/cobra"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/local"
)

func (a *app) routerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "router", Short: "Train and measure a classifier of your own messages", Args: cli.Exactly(),
		Long: `router trains a small classifier on examples, finds the threshold at which it is as
precise as you ask, and measures it. Name the model in a routes file to have kora use it:

  {"model": "router.model", "answers": {"opening_hours": "We are open from 9 to 5."}}

Examples are files of JSON lines {"text", "label"}, CSV with a header text,category, or
one JSON object of named lists of [text, label], of which --split names those to take.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.routerTrain(), a.routerEval())
	return cmd
}

func (a *app) routerTrain() *cobra.Command {
	var out, validation, oos string
	var splits, validationSplits []string
	var precision, share float64
	cmd := &cobra.Command{
		Use: "train EXAMPLES", Short: "Train a classifier and calibrate it", Args: cli.Exactly("EXAMPLES"),
		Example: "  kora router train examples.jsonl --out router.model\n  kora router train clinc150.json --split train,oos_train --validation-split val,oos_val --oos-label oos --oos-share 0.18 --out router.model",
		RunE: func(cmd *cobra.Command, args []string) error {
			examples, err := readExamples(args[0], splits)
			if err != nil {
				return err
			}
			blobs := map[string][]byte{"examples": examples}
			if validation == "" && len(validationSplits) > 0 {
				validation = args[0]
			}
			if validation != "" {
				if blobs["validation"], err = readExamples(validation, validationSplits); err != nil {
					return err
				}
			}
			in := map[string]any{"target_precision": precision}
			if oos != "" {
				in["out_of_scope_label"] = oos
			}
			if share > 0 {
				in["out_of_scope_share"] = share
			}
			k, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer k.Close(context.WithoutCancel(cmd.Context()))
			began := time.Now()
			model, err := runTask(cmd.Context(), k, "small_model/train@1", in, blobs)
			if err != nil {
				return err
			}
			took := time.Since(began)
			if err := os.WriteFile(out, model, 0o666); err != nil {
				return cli.Usagef("%v", err)
			}
			report, err := runTask(cmd.Context(), k, "small_model/inspect@1", map[string]any{}, map[string][]byte{"model": model})
			if err != nil {
				return err
			}
			return a.printJSON(map[string]any{"model": out, "bytes": len(model), "seconds": took.Seconds(), "inspect": json.RawMessage(report)})
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "router.model", "file to write the model to")
	f.StringVar(&validation, "validation", "", "file of examples to calibrate on (default: every tenth example of a label)")
	f.StringVar(&oos, "oos-label", "", "label of examples that belong to no other")
	f.Float64Var(&share, "oos-share", 0, "share of messages in use that belong to no label")
	f.Float64Var(&precision, "precision", 0.985, "how often a label that is given is to be right")
	f.StringSliceVar(&splits, "split", nil, "lists to take of a JSON object of lists")
	f.StringSliceVar(&validationSplits, "validation-split", nil, "lists to calibrate on")
	return cmd
}

func (a *app) routerEval() *cobra.Command {
	var splits []string
	var threshold float64
	cmd := &cobra.Command{
		Use: "eval MODEL EXAMPLES", Short: "Measure a classifier on examples it has not seen", Args: cli.Exactly("MODEL", "EXAMPLES"),
		Example: "  kora router eval router.model clinc150.json --split test,oos_test",
		RunE: func(cmd *cobra.Command, args []string) error {
			model, err := cli.ReadInput(args[0])
			if err != nil {
				return err
			}
			examples, err := readExamples(args[1], splits)
			if err != nil {
				return err
			}
			k, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer k.Close(context.WithoutCancel(cmd.Context()))
			in := map[string]any{}
			if cmd.Flags().Changed("threshold") {
				in["threshold"] = threshold
			}
			out, err := runTask(cmd.Context(), k, "small_model/evaluate@1", in, map[string][]byte{"model": model, "examples": examples})
			if err != nil {
				return err
			}
			return a.printJSON(json.RawMessage(out))
		},
	}
	cmd.Flags().StringSliceVar(&splits, "split", nil, "lists to take of a JSON object of lists")
	cmd.Flags().Float64Var(&threshold, "threshold", 0, "instead of the model's own")
	return cmd
}

// runTask runs one task of the catalogue on blobs and returns its output.
func runTask(ctx context.Context, k *local.Local, task string, in map[string]any, blobs map[string][]byte) ([]byte, error) {
	input, err := contracts.JSONOf(in)
	if err != nil {
		return nil, err
	}
	u := contracts.WorkUnit{ID: "task", Name: task, Type: contracts.SmallModel, Program: &contracts.Program{Task: task}, Input: input, Blobs: map[string]contracts.Link{}}
	for name, data := range blobs {
		id, err := k.Blocks.PutBlock(ctx, cid.Raw, data)
		if err != nil {
			return nil, err
		}
		u.Blobs[name] = contracts.Link{Cid: id}
	}
	id := uuid.Must(uuid.NewV7()).String()
	g := &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "kora-router/1", GraphID: id, RequestID: id, TenantID: "local", CreatedAt: contracts.Time{Time: time.Now().UTC()},
		WorkUnits: []contracts.WorkUnit{u}, Outputs: contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: "task"}}},
	}
	res, err := k.Run(ctx, g, id, kora.Observer{})
	if err != nil {
		return nil, err
	}
	if res.Metadata.Output == nil {
		return nil, fmt.Errorf("run %s: %w", task, res.Metadata.Error)
	}
	return k.Blocks.GetBlock(ctx, res.Metadata.Output.CID.Cid)
}

// readExamples reads examples in any of the forms as JSON lines.
func readExamples(file string, splits []string) ([]byte, error) {
	b, err := cli.ReadInput(file)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	write := func(text, label string) error {
		return enc.Encode(map[string]string{"text": text, "label": label})
	}
	switch {
	case len(splits) > 0:
		var sets map[string][][2]string
		if err := json.Unmarshal(b, &sets); err != nil {
			return nil, contracts.Errorf(contracts.CodeValidation, file, "%w", err)
		}
		for _, name := range splits {
			if _, ok := sets[name]; !ok {
				return nil, cli.Usagef("%s has no list %q", file, name)
			}
			for _, e := range sets[name] {
				if err := write(e[0], e[1]); err != nil {
					return nil, err
				}
			}
		}
	case strings.HasSuffix(strings.ToLower(file), ".csv"):
		rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err != nil {
			return nil, contracts.Errorf(contracts.CodeValidation, file, "%w", err)
		}
		for i, r := range rows {
			if i == 0 {
				continue // the header
			}
			if len(r) != 2 {
				return nil, contracts.Errorf(contracts.CodeValidation, file, "line %d has %d columns, want text and label", i+1, len(r))
			}
			if err := write(r[0], r[1]); err != nil {
				return nil, err
			}
		}
	default:
		return b, nil
	}
	return out.Bytes(), nil
}
