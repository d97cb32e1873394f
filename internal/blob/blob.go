// Package blob keeps immutable blocks of bytes under their content addresses.
//
// A Store answers with the bytes that a CID names or with an error, never with
// other bytes: blocks are verified on the way in and on the way out, and what
// no longer verifies is thrown away so that a refetch heals it. Every store is
// bounded. Memory keeps blocks for the life of the process, Dir keeps them in
// files and survives power cuts, Cache is a Dir that forgets.
//
// The package does not fetch blocks from anywhere, does not follow links inside
// them, and knows no permissions: holding a CID is never a right to read.
package blob

import (
	"context"
	"errors"
	"fmt"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// MaxBlockSize is the greatest length of one block in bytes, the bound that the
// codec sets for structured blocks.
const MaxBlockSize = dagcbor.MaxSize

// Block is bytes and the address that names them. Data is immutable from the
// moment it is in a Block: stores may keep the slice and hand the same one to
// several readers, so nobody writes to it.
type Block struct {
	CID  cid.Cid
	Data []byte
	// proved is set where the CID was made of this very data: to hash it once more
	// would prove nothing.
	proved bool
}

// Raw makes the Block of plain bytes.
func Raw(data []byte) Block { return Proved(dagcbor.RawCID(data), data) }

// Node makes the Block of an encoded DAG-CBOR value. It does not check that
// data is DAG-CBOR; whoever decodes it does.
func Node(data []byte) Block { return Proved(dagcbor.CID(data), data) }

// Proved makes the Block of data that the caller has itself hashed to c, or verified
// against it. Stores believe that; whoever has c from elsewhere makes a Block of
// its fields.
func Proved(c cid.Cid, data []byte) Block { return Block{CID: c, Data: data, proved: true} }

// Store keeps blocks. Implementations are safe for concurrent use.
//
// Errors are *contracts.Error naming the CID, with one of the codes below, a
// *CorruptError, the context's error, or an unclassified I/O error. Retrying is
// always safe: a block has only one content.
type Store interface {
	// Put stores every block and returns when all are durable: none is lost by
	// kill -9 or a power cut after that, unless the store's own documentation
	// says that it is no place of record. Blocks that are there already cost
	// nothing. All blocks are verified before any is written; a block that does
	// not hash to its CID, has a foreign CID or is longer than MaxBlockSize is a
	// VALIDATION_ERROR and nothing is stored. A full store answers
	// RESOURCE_EXHAUSTED. After that or any other error some of the blocks may
	// be stored, each of them whole. When ctx is done at the call, nothing is
	// written.
	Put(ctx context.Context, blocks ...Block) error

	// Get returns the block's bytes, verified. An absent block is NOT_FOUND, a
	// foreign CID VALIDATION_ERROR. A *CorruptError says that the bytes kept
	// were damaged: they are gone, the next Get answers NOT_FOUND, and a Put
	// heals.
	Get(ctx context.Context, c cid.Cid) ([]byte, error)

	// Has reports whether the store holds the block, without verifying it: a
	// Get right after may still fail. A foreign CID is a VALIDATION_ERROR.
	Has(ctx context.Context, c cid.Cid) (bool, error)
}

// CorruptError says that what a store kept under CID was other bytes. The store
// has removed them.
type CorruptError struct {
	CID   cid.Cid
	Cause error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("block %s is damaged and was removed: %v", e.CID, e.Cause)
}

func (e *CorruptError) Unwrap() error { return e.Cause }

// NotFound is the error for an absent block, for those who implement Store.
func NotFound(c cid.Cid) error {
	return contracts.Errorf(contracts.CodeNotFound, c.String(), "no such block")
}

// IsNotFound reports whether err says that a block is absent.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*contracts.Error](err)
	return ok && e.Code == contracts.CodeNotFound
}

// Check verifies every block, for those who implement Store. The error is the
// VALIDATION_ERROR that Put documents, for the first block at fault.
func Check(blocks ...Block) error {
	for _, b := range blocks {
		if len(b.Data) > MaxBlockSize {
			return contracts.Errorf(contracts.CodeValidation, b.CID.String(),
				"block of %d bytes exceeds %d", len(b.Data), MaxBlockSize)
		}
		if b.proved && dagcbor.CheckCID(b.CID) == nil {
			continue
		}
		if err := dagcbor.Verify(b.CID, b.Data); err != nil {
			return contracts.Errorf(contracts.CodeValidation, b.CID.String(), "refuse block: %w", err)
		}
	}
	return nil
}

// CheckCID refuses what is not a Krako content address with the
// VALIDATION_ERROR that Get and Has document.
func CheckCID(c cid.Cid) error {
	if err := dagcbor.CheckCID(c); err != nil {
		return contracts.Errorf(contracts.CodeValidation, c.String(), "refuse address: %w", err)
	}
	return nil
}
