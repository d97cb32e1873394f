package llmpod

import (
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/p2p"
)

// maxOutput is the longest output: it travels with its result, in one frame.
const maxOutput = p2p.MaxFrame / 4 * 3

// report is a result that is to be signed.
type report struct {
	lease    uint64
	block    []byte
	id       cid.Cid
	output   []byte
	observed contracts.Observed
}

func newReport(pod contracts.NodeID, u *unit, unit cid.Cid, a *Answer, started, finished time.Time) (*report, error) {
	if len(a.Output) > maxOutput {
		return nil, contracts.Errorf(contracts.CodeUnsupported, unit.String(), "output has %d bytes, at most %d", len(a.Output), maxOutput)
	}
	result := contracts.ModelResult{Unit: contracts.Link{Cid: unit}, Outcome: contracts.Failed, ErrorCode: a.Code, Model: a.Use}
	if a.Code == "" {
		result.Outcome, result.Output = contracts.Succeeded, &contracts.Link{Cid: dagcbor.RawCID(a.Output)}
		result.MediaType, result.OutputBytes = a.MediaType, uint64(len(a.Output))
	}
	block, err := result.Block()
	if err != nil {
		return nil, err
	}
	return &report{
		lease: u.lease, block: block, id: dagcbor.CID(block), output: a.Output,
		observed: contracts.Observed{
			Node: pod, Lease: u.lease, Epoch: u.epoch, Attempt: u.attempt,
			StartedAt: contracts.Time{Time: started.UTC()}, FinishedAt: contracts.Time{Time: finished.UTC()},
			DurationUS: uint64(finished.Sub(started).Microseconds()),
		},
	}, nil
}

// sealed is a signed batch of one result that is not recorded yet: an answer
// takes so long that there is nothing to share a signature with.
type sealed struct {
	seq   uint64
	lease uint64
	frame *p2p.Results
}

func (r *report) seal(key ed25519.PrivateKey, cluster string, seq uint64) (*sealed, error) {
	batch := contracts.Batch{Cluster: cluster, Seq: seq, Results: []contracts.BatchItem{{ResultCID: contracts.Link{Cid: r.id}, Observed: r.observed}}}
	envelope, err := batch.Seal(key)
	if err != nil {
		return nil, fmt.Errorf("seal batch %d: %w", seq, err)
	}
	s := &sealed{seq: seq, lease: r.lease, frame: &p2p.Results{Batch: envelope, Items: [][]byte{r.block}}}
	if r.output != nil {
		s.frame.Outputs = []p2p.Output{{CID: contracts.Link{Cid: dagcbor.RawCID(r.output)}, Data: r.output}}
	}
	return s, nil
}
