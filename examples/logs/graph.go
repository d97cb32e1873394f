// Package logs is the example that summarises a web-server access log: it cuts
// the log into chunks, counts each in a unit of its own and merges the counts in
// a last one. It also makes a log to try that on.
package logs

import (
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/examples"
	"github.com/krako-labs/krako/wasmtasks/logs/accesslog"
)

// MaxChunks bounds the units of one graph that count.
const MaxChunks = 10_000

// reduceFuel bounds the merging unit, whose work grows with the whole log: forty
// times what a log of a million lines takes.
const reduceFuel = 1_000_000_000_000

// Graph returns the graph that summarises the log whose chunks, from first to
// last, are the given blocks: one unit logs/map@1 per chunk and one
// logs/reduce@1, whose output is an accesslog.Report. The submitter uploads the
// chunks as raw blocks.
func Graph(r examples.Request, chunks []dagcbor.Link, opts accesslog.Options) (*contracts.TaskGraph, error) {
	if len(chunks) == 0 || len(chunks) > MaxChunks {
		return nil, fmt.Errorf("%d chunks are not 1 to %d", len(chunks), MaxChunks)
	}
	reduce, err := examples.Unit("reduce", "logs/reduce@1", opts)
	if err != nil {
		return nil, err
	}
	fuel := int64(reduceFuel)
	reduce.Constraints = &contracts.Constraints{Fuel: &fuel}
	units := make([]contracts.WorkUnit, 0, len(chunks)+1)
	for i, chunk := range chunks {
		unit, err := examples.Unit(fmt.Sprintf("map-%04d", i), "logs/map@1", struct{}{})
		if err != nil {
			return nil, err
		}
		unit.Blobs = map[string]dagcbor.Link{"chunk": chunk}
		// the task takes partials in the order of their names
		examples.Gather(&reduce, unit.ID, fmt.Sprintf("p%04d", i))
		units = append(units, unit)
	}
	return r.Graph("example-logs", append(units, reduce)), nil
}
