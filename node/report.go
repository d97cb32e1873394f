package node

import (
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox"
)

const (
	// maxInline is the longest output that travels with its result. The
	// coordinator fetches longer ones.
	maxInline = 16 << 10
	// itemWeight bounds what an item adds to a batch besides its result block:
	// peer id, result_cid, two times, four integers and their names.
	itemWeight = 512
	// maxWeight keeps the frame of a batch within p2p.MaxFrame, with room for the
	// envelope and one more result of the largest kind.
	maxWeight = p2p.MaxFrame / 4 * 3
)

// report is a result on its way into a batch.
type report struct {
	block    []byte // the result, encoded
	id       cid.Cid
	output   []byte
	outputID cid.Cid // undefined for a failure
	observed contracts.Observed
	took     time.Duration
	failed   bool
}

// newReport makes the report of an outcome. The error is INTERNAL: the sandbox
// gave an outcome that is no result.
func newReport(u *unit, node contracts.NodeID, o sandbox.Outcome, started, finished time.Time) (*report, error) {
	result := contracts.Result{
		Unit: contracts.Link{Cid: u.id}, Outcome: contracts.Failed, ErrorCode: o.Code,
		FuelUsed: o.FuelUsed, MemoryPages: o.MemoryPages,
	}
	r := &report{took: finished.Sub(started), failed: o.Code != ""}
	if !r.failed {
		r.output, r.outputID = o.Output, dagcbor.RawCID(o.Output)
		result.Outcome, result.Output = contracts.Succeeded, &contracts.Link{Cid: r.outputID}
		result.MediaType, result.OutputBytes = o.MediaType, uint64(len(o.Output))
	} else if !o.Code.Deterministic() {
		return nil, contracts.Errorf(contracts.CodeInternal, u.id.String(), "outcome %q is none that a computation has", o.Code)
	}
	block, err := result.Block()
	if err != nil {
		return nil, err
	}
	r.block, r.id = block, dagcbor.CID(block)
	r.observed = contracts.Observed{
		Node: node, Lease: u.lease, Epoch: u.epoch, Attempt: u.attempt,
		StartedAt:  contracts.Time{Time: started.UTC()},
		FinishedAt: contracts.Time{Time: finished.UTC()},
		DurationUS: uint64(r.took.Microseconds()),
	}
	return r, nil
}

// kept is how many bytes of output the node keeps until the result is recorded.
func (r *report) kept() int64 { return int64(len(r.output)) }

func (r *report) inline() bool { return r.outputID.Defined() && len(r.output) <= maxInline }

// weight bounds what the report adds to a frame.
func (r *report) weight() int {
	w := itemWeight + len(r.block)
	if r.inline() {
		w += itemWeight/4 + len(r.output)
	}
	return w
}

// sealed is a signed batch that the coordinator has not recorded yet.
type sealed struct {
	seq    uint64
	frame  *p2p.Results
	leases []uint64
	large  []*report // whose outputs the coordinator fetches
	kept   int64
	sent   bool // on the present stream
}

// seal signs a batch of results of one cluster.
func seal(key ed25519.PrivateKey, cluster string, seq uint64, reports []*report) (*sealed, error) {
	batch := contracts.Batch{Cluster: cluster, Seq: seq, Results: make([]contracts.BatchItem, len(reports))}
	s := &sealed{seq: seq, frame: &p2p.Results{Items: make([][]byte, len(reports))}, leases: make([]uint64, len(reports))}
	inline := make(map[cid.Cid]bool)
	for i, r := range reports {
		batch.Results[i] = contracts.BatchItem{ResultCID: contracts.Link{Cid: r.id}, Observed: r.observed}
		s.frame.Items[i] = r.block
		s.leases[i] = r.observed.Lease
		s.kept += r.kept()
		switch {
		case r.inline() && !inline[r.outputID]:
			inline[r.outputID] = true
			s.frame.Outputs = append(s.frame.Outputs, p2p.Output{CID: contracts.Link{Cid: r.outputID}, Data: r.output})
		case r.outputID.Defined() && !r.inline():
			s.large = append(s.large, r)
		}
	}
	envelope, err := batch.Seal(key)
	if err != nil {
		return nil, fmt.Errorf("seal batch %d: %w", seq, err)
	}
	s.frame.Batch = envelope
	return s, nil
}
