package contracts

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// Canonical returns the graph's canonical DAG-CBOR: fields that say no more
// than their default are left out, so that every spelling of one graph has the
// same bytes. It does not change g.
func (g *TaskGraph) Canonical() ([]byte, error) {
	n := *g
	n.WorkUnits = slices.Clone(g.WorkUnits)
	n.normalize()
	return n.encode()
}

// normalize leaves out of g what says no more than its default. It changes the
// units in their place, but nothing that they point to.
func (g *TaskGraph) normalize() {
	g.Budgets.MaxCostUSD = canonicalMoney(g.Budgets.MaxCostUSD)
	g.Policies = g.Policies.canonical()
	if len(g.Ext) == 0 {
		g.Ext = nil
	}
	for i := range g.WorkUnits {
		g.WorkUnits[i].normalize()
	}
}

// encode returns the DAG-CBOR of a graph in its normal form.
func (g *TaskGraph) encode() ([]byte, error) {
	room := 512
	for i := range g.WorkUnits {
		u := &g.WorkUnits[i]
		room += 128 + len(u.Input) + len(u.OutputSchema)
		if u.Model != nil {
			room += 512
		}
	}
	b, err := g.append(make([]byte, 0, room))
	if err == nil {
		err = dagcbor.Check(b)
	}
	if err != nil {
		return nil, fmt.Errorf("encode graph: %w", err)
	}
	return b, nil
}

// CID returns graph_cid, the address of the canonical form.
func (g *TaskGraph) CID() (cid.Cid, error) {
	b, err := g.Canonical()
	if err != nil {
		return cid.Undef, err
	}
	return dagcbor.CID(b), nil
}

// DecodeGraph reads a canonical graph block and refuses any other spelling of
// its graph, so that the block's address is the graph's. It checks the
// encoding, not the rules: use Validate for those.
func DecodeGraph(block []byte) (*TaskGraph, error) {
	var g TaskGraph
	if err := dagcbor.Unmarshal(block, &g); err != nil {
		return nil, Errorf(CodeValidation, "task graph", "decode: %w", err)
	}
	canonical, err := g.Canonical()
	if err != nil {
		return nil, Errorf(CodeValidation, "task graph", "decode: %w", err)
	}
	if !bytes.Equal(block, canonical) {
		return nil, Errorf(CodeValidation, "task graph", "block is not in the canonical form")
	}
	return &g, nil
}

// canonicalMoney drops the zeros that end a fraction: 1.50 and 1.5 are one
// amount.
func canonicalMoney(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

func (p *Policies) canonical() *Policies {
	if p == nil {
		return nil
	}
	n := *p
	n.FailurePolicy = unless(n.FailurePolicy, FailFast)
	n.PrivacyDefault = unless(n.PrivacyDefault, AllowRemote)
	n.LoggingMode = unless(n.LoggingMode, LogMinimal)
	return nonZero(n)
}

func (u *WorkUnit) normalize() {
	u.Priority = unless(u.Priority, P2)
	u.Verification = unless(u.Verification, u.defaultVerification())
	if u.IsIdempotent() {
		u.Idempotent = nil
	}
	if u.IsCritical() {
		u.Critical = nil
	}
	if string(u.Input) == "{}" {
		u.Input = nil
	}
	if u.Constraints != nil {
		u.Constraints = nonZero(*u.Constraints)
	}
	if u.Timeouts != nil {
		u.Timeouts = nonZero(*u.Timeouts)
	}
	if u.Retries != nil {
		r := *u.Retries
		r.MaxAttempts = unless(r.MaxAttempts, u.defaultAttempts())
		u.Retries = nonZero(r)
	}
	u.ExecutionHint = u.ExecutionHint.canonical()
}

func (h *ExecutionHint) canonical() *ExecutionHint {
	if h == nil {
		return nil
	}
	n := *h
	if r := n.Requires; r != nil && r.MinRAMMB == 0 && r.MinVRAMMB == 0 && len(r.Accelerators) == 0 {
		n.Requires = nil
	}
	if n.Region == "" && len(n.NodeTags) == 0 && n.Requires == nil {
		return nil
	}
	return &n
}

func (u *WorkUnit) defaultVerification() VerificationMode {
	if u.Type == LLM {
		return VerifySchema
	}
	return VerifyAdaptive
}

// VerificationMode returns the unit's mode with the default filled in.
func (u *WorkUnit) VerificationMode() VerificationMode {
	if u.Verification == "" {
		return u.defaultVerification()
	}
	return u.Verification
}

// unless returns the zero value when v is the default def.
func unless[T comparable](v, def T) T {
	if v == def {
		var zero T
		return zero
	}
	return v
}

// nonZero returns nil for a struct that says nothing.
func nonZero[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
