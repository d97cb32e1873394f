package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

// Get implements Store.
func (d *Dir) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := CheckCID(c); err != nil {
		return nil, err
	}
	size, ok := d.find(c)
	if !ok {
		return nil, NotFound(c)
	}
	data, err := d.read(c, size)
	if err == nil {
		return data, nil
	}
	return d.quarantine(c)
}

// read reads a block's file and verifies it.
func (d *Dir) read(c cid.Cid, size int64) ([]byte, error) {
	data, err := readAtMost(d.file(c), size)
	if err != nil {
		return nil, fmt.Errorf("read block %s: %w", c, err)
	}
	if err := dagcbor.Verify(c, data); err != nil {
		return nil, &CorruptError{CID: c, Cause: err}
	}
	return slices.Clip(data), nil
}

// quarantine reads a block again with its writers held off, and if it is still
// no good takes it off the shelf and the disk. Bytes that could not be read are
// not known to be damaged and stay.
func (d *Dir) quarantine(c cid.Cid) ([]byte, error) {
	lock := d.lock(c)
	defer lock.Unlock()
	size, ok := d.find(c)
	if !ok {
		return nil, NotFound(c)
	}
	data, err := d.read(c, size)
	if err == nil {
		return data, nil
	}
	corrupt, damaged := errors.AsType[*CorruptError](err)
	gone := errors.Is(err, fs.ErrNotExist)
	if !damaged && !gone {
		return nil, err
	}
	d.mu.Lock()
	d.shelf.drop(c)
	d.mu.Unlock()
	if gone {
		return nil, NotFound(c)
	}
	corrupt.Cause = errors.Join(corrupt.Cause, d.disk.remove(d.file(c)))
	return nil, corrupt
}

// Has implements Store. It does not touch the disk.
func (d *Dir) Has(ctx context.Context, c cid.Cid) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if err := CheckCID(c); err != nil {
		return false, err
	}
	return d.holds(c), nil
}
