// Package proof signs what ran on this machine and checks what anybody signed: a
// unit, the result that names it, the output that the result names, and the
// signature of whoever vouches for the result.
//
// A check says that these fit together and who said so. It does not say that the
// answer is right: for that a unit is run again.
package proof

import (
	"context"
	"crypto/ed25519"
	"fmt"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/envelope"
)

// cluster is what batches of this machine name as their cluster.
const cluster = "local"

// Node is the name that results signed with key go by.
func Node(key ed25519.PrivateKey) contracts.NodeID {
	return contracts.NodeID(envelope.PeerID(key.Public().(ed25519.PublicKey)))
}

// Seal signs every result of a run with key, in batches that follow seq, which is
// never used twice with one key.
func Seal(key ed25519.PrivateKey, r *contracts.ExecutionResult, seq func() uint64) ([][]byte, error) {
	var sealed [][]byte
	b := contracts.Batch{Cluster: cluster}
	flush := func() error {
		if len(b.Results) == 0 {
			return nil
		}
		b.Seq = seq()
		s, err := b.Seal(key)
		sealed, b.Results = append(sealed, s), nil
		return err
	}
	for i := range r.Telemetry.Tasks {
		t := &r.Telemetry.Tasks[i]
		id, err := cid.Decode(t.ResultCID)
		if err != nil {
			continue // it has no result
		}
		b.Results = append(b.Results, contracts.BatchItem{ResultCID: contracts.Link{Cid: id}, Observed: contracts.Observed{
			Node: Node(key), Attempt: uint32(t.RetryCount + 1), StartedAt: r.Metadata.StartedAt, FinishedAt: r.Metadata.EndedAt,
			DurationUS: uint64(max(0, t.DurationMS*1000)),
		}})
		if len(b.Results) == contracts.MaxBatchItems {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	return sealed, flush()
}

// Step is one thing that was checked.
type Step struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Detail says what was found, or what is wrong.
	Detail string `json:"detail"`
}

// Check follows a unit from its bytes to a signature: any of sealed that lists the
// result. It ends at the first step that fails.
func Check(ctx context.Context, blocks contracts.BlockStore, t *contracts.TaskTelemetry, sealed [][]byte) []Step {
	c := &checker{ctx: ctx, blocks: blocks}
	result := c.result(t)
	if result == nil || !c.output(result) || !c.unit(t) {
		return c.steps
	}
	c.signature(t.ResultCID, sealed)
	return c.steps
}

type checker struct {
	ctx    context.Context
	blocks contracts.BlockStore
	steps  []Step
}

func (c *checker) say(name string, ok bool, format string, args ...any) bool {
	c.steps = append(c.steps, Step{name, ok, fmt.Sprintf(format, args...)})
	return ok
}

// block fetches a block and hashes it, whoever says that this was done.
func (c *checker) block(name, address string) ([]byte, bool) {
	id, err := cid.Decode(address)
	if err != nil {
		return nil, c.say(name, false, "%q is no address", address)
	}
	data, err := c.blocks.GetBlock(c.ctx, id)
	if err == nil {
		err = dagcbor.Verify(id, data)
	}
	if err != nil {
		return nil, c.say(name, false, "%v", err)
	}
	return data, true
}

func (c *checker) result(t *contracts.TaskTelemetry) *contracts.Result {
	const name = "Result"
	data, ok := c.block(name, t.ResultCID)
	if !ok {
		return nil
	}
	r, _, _, err := contracts.DecodeAnyResult(data)
	if err != nil {
		c.say(name, false, "%v", err)
		return nil
	}
	if r.Unit.String() != t.UnitCID {
		c.say(name, false, "is of unit %s, not %s", r.Unit, t.UnitCID)
		return nil
	}
	c.say(name, true, "%d bytes hash to their address and name this unit", len(data))
	return r
}

func (c *checker) output(r *contracts.Result) bool {
	const name = "Output"
	if r.Output == nil {
		return c.say(name, true, "a failure has none")
	}
	data, ok := c.block(name, r.Output.String())
	return ok && c.say(name, true, "%d bytes hash to the address in the result", len(data))
}

func (c *checker) unit(t *contracts.TaskTelemetry) bool {
	const name = "Unit"
	data, ok := c.block(name, t.UnitCID)
	return ok && c.say(name, true, "%d bytes hash to the unit's address", len(data))
}

func (c *checker) signature(result string, sealed [][]byte) bool {
	const name = "Signature"
	for _, s := range sealed {
		b, err := contracts.OpenBatch(s)
		if err != nil {
			return c.say(name, false, "%v", err)
		}
		for i := range b.Results {
			if b.Results[i].ResultCID.String() == result {
				return c.say(name, true, "Ed25519 by %s, batch %d of cluster %s, %d results under one root", b.Node, b.Seq, b.Cluster, len(b.Results))
			}
		}
	}
	return c.say(name, false, "nobody signed this result")
}
