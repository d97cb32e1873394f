package node

import (
	"context"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox"
)

// pagesPerMB is how many pages of WebAssembly memory a MiB has.
const pagesPerMB = contracts.PagesPerMB

// unit is one assigned execution, from its Assign to its result or fault.
type unit struct {
	lease   uint64
	epoch   uint64
	attempt uint32
	id      cid.Cid // unit_cid
	call    *contracts.Invocation
	timeout time.Duration
	cluster *cluster

	// Whoever has the unit in a slot owns these.
	deaths   int  // worker processes that died with it
	stagings int  // how often it was staged again
	alone    bool // it is not run together with others

	// The backlog's lock guards the rest.
	phase phase
	ctx   context.Context // while running
	stop  context.CancelFunc
}

// phase is how far a unit in hand has come.
type phase uint8

const (
	staged  phase = iota // waits for its blocks
	ready                // waits for a slot
	running              // has a slot
	ended                // has a result or a fault, still to be sent
)

// rules are what this node takes on.
type rules struct {
	maxPages uint32        // memory of one unit
	maxRun   time.Duration // run time of one unit
}

func (c *Config) rules() rules {
	return rules{
		maxPages: uint32(min(c.MemoryMB, maxUnitMB) * pagesPerMB),
		maxRun:   c.MaxRun,
	}
}

// accept turns an assigned unit into one that this node can run, or says why it
// cannot: UNSUPPORTED for what another node may be able to run, VALIDATION_ERROR
// or VERSION_MISMATCH, naming the unit, for what is malformed.
func (r rules) accept(a *p2p.Unit, c *cluster) (*unit, error) {
	call, id, err := contracts.DecodeInvocation(a.Invocation)
	if err != nil {
		return nil, foreignProfile(a.Invocation, id, err)
	}
	if err := r.check(call, id); err != nil {
		return nil, err
	}
	u := &unit{
		lease: a.Lease, epoch: a.Epoch, attempt: uint32(a.Attempt),
		id: id, call: call, cluster: c, timeout: r.maxRun,
	}
	if t := time.Duration(a.RunTimeoutMS) * time.Millisecond; t > 0 {
		u.timeout = min(t, r.maxRun)
	}
	return u, nil
}

func (r rules) check(call *contracts.Invocation, id cid.Cid) error {
	if call.Profile != sandbox.Profile {
		return contracts.Errorf(contracts.CodeUnsupported, id.String(), "profile %.64q, this node runs %q", call.Profile, sandbox.Profile)
	}
	if call.MemoryPages > r.maxPages {
		return contracts.Errorf(contracts.CodeUnsupported, id.String(), "%d pages of memory, this node lends %d", call.MemoryPages, r.maxPages)
	}
	if call.Module.Type() != cid.Raw {
		return contracts.Errorf(contracts.CodeValidation, id.String(), "module %s is not addressed as plain bytes", call.Module)
	}
	for _, c := range call.Needs() {
		if err := dagcbor.CheckCID(c); err != nil {
			return contracts.Errorf(contracts.CodeValidation, id.String(), "refuse a link: %w", err)
		}
	}
	return nil
}

// foreignProfile tells a block of a kind that is not for CPU nodes, such as a
// model call, from one that is damaged: the former names its own profile.
func foreignProfile(block []byte, id cid.Cid, err error) error {
	var v map[string]any
	if dagcbor.Unmarshal(block, &v) != nil {
		return err
	}
	if p, ok := v["profile"].(string); ok && p != sandbox.Profile {
		return contracts.Errorf(contracts.CodeUnsupported, id.String(), "profile %.64q, this node runs %q", p, sandbox.Profile)
	}
	return err
}
