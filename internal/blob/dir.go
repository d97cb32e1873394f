package blob

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/ipfs/go-cid"
)

// DirOptions bounds a Dir.
type DirOptions struct {
	// MaxBytes is the greatest sum of block lengths; a fuller Dir refuses with
	// RESOURCE_EXHAUSTED. Names and file system overhead are not counted.
	MaxBytes int64
}

// Dir is a Store of one file a block, `<shard>/<cid>`, where the shard is the
// last two characters but one of the CID: the first ones are the same in all,
// and the very last holds three bits only.
//
// A block is written beside, synced, renamed into place and its directory
// synced; a name in a shard therefore always has the whole block behind it, at
// whichever step a crash came. Only damage of the medium can change that, so
// every read verifies. One Dir at a time may be open on a directory; whoever
// owns the directory above holds the lock for it.
type Dir struct {
	path string
	disk disk
	temp atomic.Uint64 // names the next file in temp

	mu    sync.Mutex // guards shelf, never held over I/O
	shelf *shelf

	// A block's file is changed only under its lock. No two are held at once.
	locks [64]sync.Mutex
}

// OpenDir opens the directory at path, making it if it is not there, and
// removes what a crash left half-written. It reads the name of every block.
func OpenDir(path string, o DirOptions) (*Dir, error) {
	return openDir(path, osDisk{}, newShelf(o.MaxBytes, false))
}

// Put implements Store.
func (d *Dir) Put(ctx context.Context, blocks ...Block) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := Check(blocks...); err != nil {
		return err
	}
	for _, b := range blocks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.put(b); err != nil {
			return err
		}
	}
	return nil
}

// put stores one verified block. Room is made before the block's lock is taken
// because making it takes the locks of others.
func (d *Dir) put(b Block) error {
	if _, ok := d.find(b.CID); ok {
		return nil
	}
	size := int64(len(b.Data))
	if err := d.makeRoom(b.CID, size); err != nil {
		return err
	}
	lock := d.lock(b.CID)
	defer lock.Unlock()
	if _, ok := d.find(b.CID); ok { // another Put of the same block was first
		d.release(size)
		return nil
	}
	if err := d.write(b); err != nil {
		d.release(size)
		return fmt.Errorf("store block %s: %w", b.CID, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shelf.place(b.CID, size)
	return nil
}

// write brings one block to the disk. After an error the block is not on the
// shelf, so the next Put does every step again: a sync that failed once proves
// nothing when it is merely repeated.
func (d *Dir) write(b Block) error {
	temp := filepath.Join(d.path, tempDir, fmt.Sprintf("%d", d.temp.Add(1)))
	if err := d.disk.write(temp, b.Data); err != nil {
		return errors.Join(err, d.disk.remove(temp))
	}
	shard := d.shard(b.CID)
	if err := d.makeShard(shard); err != nil {
		return errors.Join(err, d.disk.remove(temp))
	}
	if err := d.disk.rename(temp, d.file(b.CID)); err != nil {
		return errors.Join(err, d.disk.remove(temp))
	}
	return d.disk.syncDir(shard)
}

// makeShard makes a shard's directory and its name durable.
func (d *Dir) makeShard(shard string) error {
	if err := d.disk.mkdir(shard); err != nil {
		return err
	}
	return d.disk.syncDir(d.path)
}

// makeRoom reserves size bytes and removes the files that had to go for it.
func (d *Dir) makeRoom(c cid.Cid, size int64) error {
	d.mu.Lock()
	victims, err := d.shelf.reserve(c, size)
	d.mu.Unlock()
	if err != nil {
		return err
	}
	for _, v := range victims {
		err = errors.Join(err, d.evict(v))
	}
	if err != nil {
		d.release(size)
		return fmt.Errorf("make room for block %s: %w", c, err)
	}
	return nil
}

// evict removes the file of a block that is off the shelf, unless a Put has
// brought it back meanwhile.
func (d *Dir) evict(c cid.Cid) error {
	lock := d.lock(c)
	defer lock.Unlock()
	if d.holds(c) {
		return nil
	}
	return d.disk.remove(d.file(c))
}

func (d *Dir) find(c cid.Cid) (size int64, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shelf.find(c)
}

// holds is find without counting as a use.
func (d *Dir) holds(c cid.Cid) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.shelf.books[c]
	return ok
}

func (d *Dir) release(size int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shelf.release(size)
}

// lock takes the lock of a block's file.
func (d *Dir) lock(c cid.Cid) *sync.Mutex {
	key := c.KeyString()
	lock := &d.locks[int(key[len(key)-1])%len(d.locks)]
	lock.Lock()
	return lock
}

func (d *Dir) shard(c cid.Cid) string { return filepath.Join(d.path, shardOf(c.String())) }

func (d *Dir) file(c cid.Cid) string { return filepath.Join(d.shard(c), c.String()) }

// shardOf names the shard of a CID's text.
func shardOf(name string) string { return name[len(name)-3 : len(name)-1] }
