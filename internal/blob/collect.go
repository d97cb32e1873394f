package blob

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ipfs/go-cid"
)

// Held is a block that a store has.
type Held struct {
	CID   cid.Cid
	Bytes int64
	// Since is when the block was stored or last held on to, as far as the store knows;
	// zero where it does not.
	Since time.Time
	// Revision tells the store whether the block has been held on to since.
	Revision uint64
}

// Erased is what was taken out of a store.
type Erased struct {
	Blocks int
	Bytes  int64 // the sum of their lengths
}

// Add counts a block.
func (e *Erased) Add(h Held) {
	e.Blocks++
	e.Bytes += h.Bytes
}

// Plus returns what two erased.
func (e Erased) Plus(other Erased) Erased {
	return Erased{e.Blocks + other.Blocks, e.Bytes + other.Bytes}
}

// Collectable is a store out of which blocks can be taken that nobody needs any more.
type Collectable interface {
	Store
	// Each calls fn for every block that was there at the call and is still, in any
	// order, until fn returns an error. fn may put and erase blocks.
	Each(ctx context.Context, fn func(Held) error) error
	// Erase takes blocks out, as Each has told of them, and returns when nobody can
	// read them any more. What is stored again after that stays. A block that was
	// held on to since Each told of it stays as well. A crash may bring some of the
	// erased back. It returns what it took out, of an error too.
	Erase(ctx context.Context, blocks ...Held) (Erased, error)
}

var _ Collectable = (*Dir)(nil)

// Each implements Collectable. It keeps a list of all blocks in memory.
func (d *Dir) Each(ctx context.Context, fn func(Held) error) error {
	for _, h := range d.list() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !d.holds(h.CID) {
			continue
		}
		if err := fn(h); err != nil {
			return err
		}
	}
	return nil
}

func (d *Dir) list() []Held {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]Held, 0, len(d.shelf.books))
	for c, e := range d.shelf.books {
		all = append(all, Held{CID: c, Bytes: e.Value.(book).size})
	}
	return all
}

// Erase implements Collectable.
func (d *Dir) Erase(ctx context.Context, blocks ...Held) (erased Erased, err error) {
	for _, b := range blocks {
		if err := ctx.Err(); err != nil {
			return erased, err
		}
		took, failure := d.erase(b.CID)
		if took {
			erased.Add(b)
		}
		err = errors.Join(err, failure)
	}
	return erased, err
}

// erase takes one block out. One whose file could not be removed is off the shelf all
// the same: the next opening finds it again.
func (d *Dir) erase(c cid.Cid) (bool, error) {
	lock := d.lock(c)
	defer lock.Unlock()
	if !d.holds(c) {
		return false, nil
	}
	d.mu.Lock()
	d.shelf.drop(c)
	d.mu.Unlock()
	if err := d.disk.remove(d.file(c)); err != nil {
		return true, fmt.Errorf("erase block %s: %w", c, err)
	}
	return true, nil
}

// Used returns the sum of the lengths of all blocks.
func (d *Dir) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shelf.used
}
