package contracts

import (
	"fmt"
	"slices"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

// PublicAs says as what part of a computation a block is public.
type PublicAs string

// What a computation is made of.
const (
	PublicModule PublicAs = "module"
	PublicInput  PublicAs = "input"
	PublicBlob   PublicAs = "blob"
)

// Publication is the word of the fabric's operator that a part of computations is
// nobody's secret: every tenant may read the block, and may learn that it was computed
// with. It is the body of POST /v1/publications.
type Publication struct {
	As PublicAs `json:"as"`
	// Block is the part itself. An input is addressed by its RFC 8785 bytes as a raw
	// block, also where it stands inline.
	Block Link `json:"block"`
	// Name is a module's entry, or the name that a blob is mounted under: both are the
	// caller's words and could say something. An input has none.
	Name string `json:"name,omitempty"`
}

// ID names the publication: equal ones have equal ids.
func (p Publication) ID() string {
	b, err := dagcbor.Marshal([]any{string(p.As), p.Block, p.Name})
	if err != nil {
		panic("contracts: publication does not encode: " + err.Error())
	}
	return dagcbor.CID(b).String()
}

// Check reports what is wrong with the publication, as a VALIDATION_ERROR.
func (p Publication) Check() error {
	fail := func(at, format string, args ...any) error { return Errorf(CodeValidation, at, format, args...) }
	if !slices.Contains([]PublicAs{PublicModule, PublicInput, PublicBlob}, p.As) {
		return fail("/as", "%.40q is neither module, input nor blob", string(p.As))
	}
	if dagcbor.CheckCID(p.Block.Cid) != nil {
		return fail("/block", "is not a link: CIDv1, raw or dag-cbor, sha2-256")
	}
	if p.As != PublicBlob && p.Block.Cid.Prefix().Codec != cid.Raw {
		return fail("/block", "%s is not a raw block, as every %s is", p.Block, p.As)
	}
	switch {
	case p.As == PublicInput && p.Name != "":
		return fail("/name", "an input has no name")
	case p.As == PublicModule && len(p.Name) > maxNameBytes:
		return fail("/name", "the entry has %d bytes, allowed are %d", len(p.Name), maxNameBytes)
	case p.As == PublicBlob && !validBlobName(p.Name):
		return fail("/name", "%.128q is not a blob name", p.Name)
	}
	return nil
}

// String says what is published, for people.
func (p Publication) String() string {
	if p.Name == "" {
		return fmt.Sprintf("%s %s", p.As, p.Block)
	}
	return fmt.Sprintf("%s %s as %s", p.As, p.Block, p.Name)
}

// PublicationView is a publication that is in force.
type PublicationView struct {
	ID string `json:"id"`
	Publication
	PublishedAt Time `json:"published_at"`
}

// PublicationList is the answer of GET /v1/publications, oldest first.
type PublicationList struct {
	Publications []PublicationView `json:"publications"`
}
