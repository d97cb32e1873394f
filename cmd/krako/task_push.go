package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/taskdir"
	"github.com/spf13/cobra"
)

// pushedModule is what push prints.
type pushedModule struct {
	Name    string         `json:"name"`
	CID     contracts.Link `json:"cid"`
	Bytes   int            `json:"bytes"`
	API     string         `json:"api"`
	Entries []pushedEntry  `json:"entries"`
}

// pushedEntry is an entry and the program of a work unit that runs it.
type pushedEntry struct {
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Program     contracts.Program `json:"program"`
}

func (a *app) taskPush() *cobra.Command {
	var graph string
	cmd := &cobra.Command{
		Use: "push [DIR]", Short: "Upload a task directory's module and say how to call it", Args: atMost("DIR"),
		Long: `push builds the module, checks that nodes would admit it, stores it with the
coordinator and prints the program of a work unit for each entry. With --graph it
also writes a graph of the examples that succeed and stores their blobs.`,
		Example: "  krako task push wordcount --graph graph.json && krako run graph.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := taskdir.Open(here(args))
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			wasm, err := d.Current(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := sandbox.Inspect(wasm); err != nil {
				return err
			}
			id, err := c.PutBlock(cmd.Context(), cid.Raw, wasm)
			if err != nil {
				return err
			}
			if graph != "" {
				if err := pushGraph(cmd.Context(), c, d, id, graph); err != nil {
					return err
				}
			}
			return a.printPushed(d, id, len(wasm), c.URL())
		},
	}
	cmd.Flags().StringVar(&graph, "graph", "", "file for a graph that runs the examples")
	return cmd
}

func (a *app) printPushed(d *taskdir.Dir, id cid.Cid, size int, api string) error {
	module := contracts.Link{Cid: id}
	p := pushedModule{Name: d.Name, CID: module, Bytes: size, API: api}
	for i := range d.Entries {
		e := &d.Entries[i]
		p.Entries = append(p.Entries, pushedEntry{d.FullName(e), e.Description, contracts.Program{Module: &module, Entry: e.Name}})
	}
	if a.json {
		return a.printJSON(p)
	}
	a.printf("%s  %s\n%d bytes, stored at %s\n\nIn a work unit:\n", p.Name, id, size, api)
	for _, e := range p.Entries {
		program, err := json.Marshal(e.Program)
		if err != nil {
			return fmt.Errorf("encode program: %w", err)
		}
		a.printf("\n  # %s: %s\n  \"program\": %s\n", e.Name, e.Description, program)
	}
	return nil
}

// pushGraph stores the blobs of the examples that succeed and writes a graph of
// them.
func pushGraph(ctx context.Context, c *client.Client, d *taskdir.Dir, module cid.Cid, file string) error {
	var units []contracts.WorkUnit
	for i := range d.Entries {
		e := &d.Entries[i]
		for j := range e.Examples {
			if e.Examples[j].Error != "" {
				continue
			}
			u, err := d.Unit(contracts.UnitID(fmt.Sprintf("example-%d", len(units)+1)), e, &e.Examples[j], module)
			if err != nil {
				return err
			}
			for _, block := range u.Blocks {
				if _, err := c.PutBlock(ctx, cid.Raw, block); err != nil {
					return err
				}
			}
			units = append(units, u.WorkUnit)
		}
	}
	if len(units) == 0 {
		return contracts.Errorf(contracts.CodeValidation, d.Path, "has no example that succeeds, so there is no graph to write")
	}
	doc, err := json.MarshalIndent(newRequest("local").Graph(d.Name, units), "", "  ")
	if err != nil {
		return fmt.Errorf("encode graph: %w", err)
	}
	if err := os.WriteFile(file, append(doc, '\n'), 0o644); err != nil {
		return fmt.Errorf("write graph: %w", err)
	}
	return nil
}
