package blob

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

// tempDir holds the files that are not whole yet. No shard has a name this
// long.
const tempDir = "temp"

func openDir(path string, disk disk, shelf *shelf) (*Dir, error) {
	d := &Dir{path: path, disk: disk, shelf: shelf}
	if err := d.clean(); err != nil {
		return nil, fmt.Errorf("open block directory %s: %w", path, err)
	}
	if err := d.scan(); err != nil {
		return nil, fmt.Errorf("open block directory %s: %w", path, err)
	}
	return d, nil
}

// clean makes the directories and removes what a crash left in temp.
func (d *Dir) clean() error {
	temp := filepath.Join(d.path, tempDir)
	if err := d.disk.mkdir(temp); err != nil {
		return err
	}
	left, err := os.ReadDir(temp)
	if err != nil {
		return err
	}
	for _, f := range left {
		if err := d.disk.remove(filepath.Join(temp, f.Name())); err != nil {
			return err
		}
	}
	return d.disk.syncDir(filepath.Dir(d.path))
}

// scan puts every block of every shard on the shelf, oldest first, so that the
// order of use begins as the order of arrival.
func (d *Dir) scan() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	var all []found
	for _, e := range entries {
		if !e.IsDir() || len(e.Name()) != 2 {
			continue
		}
		blocks, err := d.scanShard(e.Name())
		if err != nil {
			return err
		}
		all = append(all, blocks...)
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(a.arrived.Compare(b.arrived), cmp.Compare(a.cid.KeyString(), b.cid.KeyString()))
	})
	for _, f := range all {
		d.shelf.admit(f.cid, f.size)
	}
	return d.disk.syncDir(d.path)
}

// found is a block that was in the directory when it was opened.
type found struct {
	cid     cid.Cid
	size    int64
	arrived time.Time
}

// scanShard lists one shard and syncs it: a process that died between rename
// and sync left names that are there but not durable yet.
func (d *Dir) scanShard(shard string) ([]found, error) {
	entries, err := os.ReadDir(filepath.Join(d.path, shard))
	if err != nil {
		return nil, err
	}
	var blocks []found
	for _, e := range entries {
		c, ok := blockName(shard, e)
		if !ok {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, found{cid: c, size: info.Size(), arrived: info.ModTime()})
	}
	return blocks, d.disk.syncDir(filepath.Join(d.path, shard))
}

// blockName reads the CID that a file in a shard is named by. Files of any other
// name are not ours: they are neither counted nor touched.
func blockName(shard string, e fs.DirEntry) (cid.Cid, bool) {
	c, err := cid.Decode(e.Name())
	if err != nil || dagcbor.CheckCID(c) != nil || c.String() != e.Name() {
		return cid.Undef, false
	}
	return c, e.Type().IsRegular() && shardOf(e.Name()) == shard
}
