package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/sandbox/worker"
	"github.com/spf13/cobra"
)

func (a *app) replayCommand() *cobra.Command {
	return &cobra.Command{
		Use: "replay SESSION", Short: "Run every CPU unit of a session again, here, and compare", Args: exactly("SESSION"),
		Long: `replay fetches what each unit of a session was to run, with its receipt, runs it on
this machine, and compares the result byte for byte with the one that a node signed.
It trusts neither the coordinator nor the nodes: what it fetches is checked against
its address. Answers of language models are not repeated. Exit code 1 if one result
differs.`,
		Example: "  krako replay 01890a5d-ac96-774b-bcce-b302099a8057",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			r, err := a.replay(cmd.Context(), c, contracts.SessionID(args[0]))
			if err != nil {
				return err
			}
			if a.json {
				err = a.printJSON(r)
			} else {
				a.printReplay(&r)
			}
			if err == nil && len(r.Differ) > 0 {
				err = contracts.Errorf(contracts.CodeConflict, string(r.Differ[0].Unit), "%d of %d results are not what this machine computes", len(r.Differ), r.Compared+len(r.Differ))
			}
			return err
		},
	}
}

// replayed is what replay found.
type replayed struct {
	// Compared counts results that are the same, Skipped units without a result that
	// can be computed again.
	Compared int          `json:"compared"`
	Skipped  int          `json:"skipped"`
	Differ   []difference `json:"differ"`
}

type difference struct {
	Unit     contracts.UnitID `json:"unit"`
	Node     contracts.NodeID `json:"node"`
	Signed   string           `json:"signed_result_cid"`
	Computed string           `json:"computed_result_cid"`
}

const (
	replayMaxBlock = 256 << 20
	replayRunLimit = time.Hour
)

func (a *app) replay(ctx context.Context, c *client.Client, id contracts.SessionID) (r replayed, err error) {
	view, err := c.Session(ctx, id)
	if err != nil {
		return r, err
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return r, fmt.Errorf("find the cache directory: %w", err)
	}
	box, err := worker.NewInProcess(ctx, worker.Options{
		Slots: 1, CacheDir: filepath.Join(dir, "krako", "code"), CacheBytes: 1 << 30, ModuleBytes: 1 << 30,
		MaxModule: replayMaxBlock, MaxPages: 1 << 16, MaxInput: replayMaxBlock,
	})
	if err != nil {
		return r, err
	}
	defer func() {
		if shut := box.Close(); err == nil {
			err = shut
		}
	}()
	r.Differ = []difference{}
	again := again{box, fetched{c, map[cid.Cid][]byte{}}}
	for _, u := range view.WorkUnits {
		if u.ResultCID == "" || u.Type == contracts.LLM {
			r.Skipped++
			continue
		}
		receipt, err := c.Receipt(ctx, id, u.ID)
		if err != nil {
			return r, err
		}
		signed, err := receipt.Verify()
		if err != nil {
			return r, fmt.Errorf("receipt of unit %s: %w", u.ID, err)
		}
		computed, err := again.compute(ctx, signed)
		if err != nil {
			return r, fmt.Errorf("run unit %s: %w", u.ID, err)
		}
		if computed == signed.ResultCID {
			r.Compared++
			continue
		}
		r.Differ = append(r.Differ, difference{u.ID, signed.Node, signed.ResultCID, computed})
	}
	return r, nil
}

// again runs units a second time.
type again struct {
	box    *worker.InProcess
	blocks fetched
}

// compute returns the address of the result that this machine comes to.
func (a *again) compute(ctx context.Context, v *contracts.Verified) (string, error) {
	call := v.Invocation
	wasm, err := a.blocks.Get(ctx, call.Module.Cid, replayMaxBlock)
	if err == nil {
		err = a.box.Admit(ctx, call.Module.Cid, wasm)
	}
	if err != nil {
		return "", err
	}
	unit := v.Result.Unit
	var end worker.End
	a.box.Run([]worker.Task{{Context: ctx, Unit: unit.Cid, Call: &call, Limit: replayRunLimit}}, a.blocks, func(_ int, e worker.End) { end = e })
	if end.Err != nil {
		return "", end.Err
	}
	return resultOf(unit, &end.Outcome)
}

func resultOf(unit contracts.Link, o *sandbox.Outcome) (string, error) {
	r := contracts.Result{Unit: unit, Outcome: contracts.Failed, ErrorCode: o.Code, FuelUsed: o.FuelUsed, MemoryPages: o.MemoryPages}
	if o.Code == "" {
		r.Outcome, r.Output = contracts.Succeeded, &contracts.Link{Cid: dagcbor.RawCID(o.Output)}
		r.MediaType, r.OutputBytes = o.MediaType, uint64(len(o.Output))
	}
	block, err := r.Block()
	if err != nil {
		return "", err
	}
	return dagcbor.CID(block).String(), nil
}

// fetched are blocks of the coordinator, each fetched once. The client checks them
// against their addresses.
type fetched struct {
	from *client.Client
	seen map[cid.Cid][]byte
}

// maxFetched bounds how many blocks are kept.
const maxFetched = 256

// Get implements worker.Blocks.
func (f fetched) Get(ctx context.Context, id cid.Cid, most int64) ([]byte, error) {
	if b, ok := f.seen[id]; ok {
		return b, nil
	}
	b, err := f.from.GetBlock(ctx, id)
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > most {
		return nil, contracts.Errorf(contracts.CodeResourceExhausted, id.String(), "has %d bytes, the most is %d", len(b), most)
	}
	if len(f.seen) >= maxFetched {
		clear(f.seen)
	}
	f.seen[id] = b
	return b, nil
}

func (a *app) printReplay(r *replayed) {
	a.printf("%d results are what this machine computes, %d units have none to compare\n", r.Compared, r.Skipped)
	for _, d := range r.Differ {
		a.printf("%s: node %s signed %s, this machine computes %s\n", d.Unit, d.Node, d.Signed, d.Computed)
	}
}
