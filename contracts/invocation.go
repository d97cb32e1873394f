package contracts

import (
	"errors"
	"fmt"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// ProfileDet1 is the execution profile of docs/spec/det-1.md: every choice that
// is visible in a unit's output or fuel.
const ProfileDet1 = "det-1"

// Limits and defaults of an invocation, the same for every profile so far.
const (
	// InlineBytes is the longest input that stands inside an invocation; a
	// longer one is a raw block.
	InlineBytes = 4 << 10
	// DefaultFuel is the fuel of a unit that names none.
	DefaultFuel = 100_000_000_000
	// DefaultMemoryPages is the memory of a unit that names none, in pages of 64 KiB.
	DefaultMemoryPages = 1024
	// MaxSaltBytes is the longest salt.
	MaxSaltBytes = 64
	// PagesPerMB converts constraints.memory_mb into pages.
	PagesPerMB = 16
)

// Invocation is a fully resolved computation (CONTRACTS section 4). Its CID,
// unit_cid, names the computation in every graph and on every machine.
type Invocation struct {
	V int `json:"v"`
	// Profile names every choice that is visible in fuel or output.
	Profile string `json:"profile"`
	Module  Link   `json:"module"`
	Entry   string `json:"entry,omitempty"`
	// Input is the RFC 8785 form of the input after bind.
	Input       Payload         `json:"input"`
	Blobs       map[string]Link `json:"blobs,omitempty"`
	Fuel        uint64          `json:"fuel"`
	MemoryPages uint32          `json:"memory_pages"`
	// Salt is per tenant and present exactly for local_only units, so that
	// their unit_cids reveal nothing to other tenants.
	Salt []byte `json:"salt,omitempty"`
}

// Block returns the canonical bytes of the invocation.
func (v *Invocation) Block() ([]byte, error) {
	b, err := v.append(make([]byte, 0, 256+len(v.Input.Inline)))
	if err == nil {
		err = dagcbor.Check(b)
	}
	if err != nil {
		return nil, fmt.Errorf("encode invocation: %w", err)
	}
	return b, nil
}

// DecodeInvocation reads an invocation block and returns it with its unit_cid.
func DecodeInvocation(block []byte) (*Invocation, cid.Cid, error) {
	unit := dagcbor.CID(block)
	v, err := readInvocation(block)
	if err != nil {
		return nil, unit, Errorf(CodeValidation, unit.String(), "decode invocation: %w", err)
	}
	if v.V != 1 {
		return nil, unit, Errorf(CodeVersionMismatch, unit.String(), "invocation version %d is not supported", v.V)
	}
	if err := v.check(); err != nil {
		return nil, unit, Errorf(CodeValidation, unit.String(), "invocation: %w", err)
	}
	return v, unit, nil
}

func (v *Invocation) check() error {
	switch {
	case !rawLink(v.Module):
		return errors.New("module is not a link to plain bytes")
	case v.Profile == "" || len(v.Profile) > maxNameBytes || len(v.Entry) > maxNameBytes:
		return fmt.Errorf("profile must be 1 to %d bytes and entry at most as many", maxNameBytes)
	case v.Fuel == 0 || v.Fuel > maxInteger:
		return fmt.Errorf("fuel is %d, allowed are 1 to %d", v.Fuel, maxInteger)
	case v.MemoryPages == 0 || v.MemoryPages > maxMemoryMB*PagesPerMB:
		return fmt.Errorf("memory_pages is %d, allowed are 1 to %d", v.MemoryPages, maxMemoryMB*PagesPerMB)
	case len(v.Input.Inline) > InlineBytes:
		return fmt.Errorf("inline input of %d bytes exceeds %d", len(v.Input.Inline), InlineBytes)
	case v.Input.Link.Defined() && !rawLink(v.Input.Link):
		return errors.New("input is not a link to plain bytes")
	case len(v.Salt) > MaxSaltBytes:
		return fmt.Errorf("salt of %d bytes exceeds %d", len(v.Salt), MaxSaltBytes)
	}
	for name, link := range v.Blobs {
		if !validBlobName(name) || dagcbor.CheckCID(link.Cid) != nil {
			return fmt.Errorf("blob %.128q is malformed", name)
		}
	}
	return nil
}

// Needs returns the blocks a node must hold to run the invocation: the module,
// the input if it is not inline, and every blob.
func (v *Invocation) Needs() []cid.Cid {
	needs := make([]cid.Cid, 0, 2+len(v.Blobs))
	needs = append(needs, v.Module.Cid)
	if v.Input.Link.Defined() {
		needs = append(needs, v.Input.Link.Cid)
	}
	for _, l := range v.Blobs {
		needs = append(needs, l.Cid)
	}
	return needs
}

// Payload is bytes that stand inline when short and as a raw block when long.
// Exactly one field is set; empty bytes are an empty, non-nil Inline.
type Payload struct {
	Inline []byte
	Link   Link
}

// NewPayload makes the payload for data and, when it is too long to stand
// inline, reports the block that must be stored with it.
func NewPayload(data []byte) (p Payload, spill bool) {
	if len(data) <= InlineBytes {
		return Payload{Inline: append([]byte{}, data...)}, false
	}
	return Payload{Link: Link{Cid: dagcbor.RawCID(data)}}, true
}

// MarshalCBOR writes a byte string or a link.
func (p Payload) MarshalCBOR() ([]byte, error) {
	if p.Link.Defined() {
		return dagcbor.Marshal(p.Link)
	}
	return dagcbor.Marshal(append([]byte{}, p.Inline...))
}

// UnmarshalCBOR reads a byte string or a link.
func (p *Payload) UnmarshalCBOR(b []byte) error {
	const majorMask, tagMajor = 0xe0, 0xc0
	if len(b) > 0 && b[0]&majorMask == tagMajor {
		p.Inline = nil
		return dagcbor.Unmarshal(b, &p.Link)
	}
	p.Link = Link{}
	return dagcbor.Unmarshal(b, &p.Inline)
}
