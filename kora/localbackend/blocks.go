package localbackend

import (
	"bytes"
	"context"
	"errors"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
)

// PutBlock implements contracts.BlockStore. A block above the limit is a
// VALIDATION_ERROR, a codec other than raw and dag-cbor UNSUPPORTED.
func (b *Backend) PutBlock(ctx context.Context, codec uint64, data []byte) (cid.Cid, error) {
	if int64(len(data)) > b.opts.Limits.MaxBlockBytes {
		return cid.Undef, contracts.Errorf(contracts.CodeValidation, "block", "has %d bytes, the limit is %d", len(data), b.opts.Limits.MaxBlockBytes)
	}
	var block blob.Block
	switch codec {
	case cid.Raw:
		block = blob.Raw(bytes.Clone(data))
	case cid.DagCBOR:
		block = blob.Node(bytes.Clone(data))
	default:
		return cid.Undef, contracts.Errorf(contracts.CodeUnsupported, "block", "codec 0x%x is neither raw nor dag-cbor", codec)
	}
	if err := b.blocks.Put(ctx, block); err != nil {
		return cid.Undef, b.told(ctx, err)
	}
	return block.CID, nil
}

// GetBlock implements contracts.BlockStore.
func (b *Backend) GetBlock(ctx context.Context, c cid.Cid) ([]byte, error) {
	data, err := b.blocks.Get(ctx, c)
	if err != nil {
		return nil, b.told(ctx, err)
	}
	return bytes.Clone(data), nil
}

// told is err as a caller may see it: an *Error that says nothing of this
// machine.
func (b *Backend) told(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*contracts.Error](err); ok {
		return e
	}
	if ctx.Err() != nil {
		return interrupted(ctx, "blocks")
	}
	b.opts.Log.Error("block store failed", "error", err)
	return contracts.Errorf(contracts.CodeInternal, "blocks", "the block store failed")
}
