package coordinator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/garbage"
	"github.com/krako-labs/krako/internal/blob"
)

// Collected is what there is of blocks, and what collections have come to since the
// start.
type Collected struct {
	Runs uint64
	// Blocks of Bytes were let go.
	Blocks, Bytes uint64
	// Kept blocks of KeptBytes were there after the last collection, which ended At and
	// took Took; zero before the first.
	Kept, KeptBytes uint64
	At              time.Time
	Took            time.Duration
}

const (
	// settle bounds how long after a block was put or looked for the record is durable
	// that names it. A collection begins with waiting for so long.
	settle = 15 * time.Minute
	// collectSeldom is how often blocks are collected at most where the grace is long.
	collectSeldom = 6 * time.Hour
	// collectShare is the part of one processor that a collection takes: one in so many.
	collectShare = 10
	// eraseBatch is how many blocks go at once. Who wants one of them meanwhile waits.
	eraseBatch = 128
	// What is expected of blocks that are handed in within a grace, and of others that
	// are touched while a collection runs: with many more than that less is let go.
	likelyUploads = 1 << 19
	likelyTouched = 1 << 23
	// metBlocks is how many blocks that were followed are remembered.
	metBlocks = 1 << 16
	// followed is how far from a record blocks are read for what they name: batches name
	// results, and those outputs.
	followed = 2
	// pieceRecords is how many records are read in one go.
	pieceRecords = 4096
)

// collector lets go of blocks that nobody names any more.
//
// A collection marks, then sweeps. What is marked: everything that looks like an
// address in the records of the log, and in what those name; results of sessions
// that are listed; results that are remembered; the catalogue. What is put, read or
// looked for meanwhile, or was lately, stays as well: the record that names it may
// be on its way. Nothing is written down about a collection: one that a crash cuts
// off has let go of some garbage, and the next begins anew.
type collector struct {
	c     *Coordinator
	store blob.Collectable // itself: a collection is no use of a block
	grace time.Duration
	began time.Time

	// uploads were handed in by clients, or asked for, within grace.
	uploads     *garbage.Recent
	uploadsTurn time.Time
	// touched is what anybody puts, reads or looks for since the collection that runs
	// began, nil while none does: it began settle before it marks.
	touched atomic.Pointer[garbage.Set]
	dying   atomic.Pointer[dying]

	one  sync.Mutex // held by the collection that runs
	last eventlog.Offset
	idle bool // the last collection found nothing

	mu    sync.Mutex
	total Collected
}

// dying are blocks that are going.
type dying struct {
	blocks map[cid.Cid]struct{}
	gone   chan struct{}
}

func newCollector(c *Coordinator, store blob.Collectable) *collector {
	k := &collector{c: c, store: store, grace: c.cfg.BlockGrace, began: c.parts.Now()}
	k.uploads, k.uploadsTurn = garbage.NewRecent(likelyUploads), k.began
	return k
}

// touch keeps a block out of the collector's reach for a while. It returns when the
// block is not going: it is there then, or gone, and stays so until somebody puts it.
//
// A block is noted before it is looked at whether it is going; the collector says
// that it is going before it looks whether it was noted. One sees the other.
func (k *collector) touch(c cid.Cid) {
	if k == nil {
		return
	}
	if s := k.touched.Load(); s != nil {
		s.Add(c)
	}
	if d := k.dying.Load(); d != nil {
		if _, ok := d.blocks[c]; ok {
			<-d.gone
		}
	}
}

// handIn keeps a block for the grace that a client has to name it.
func (k *collector) handIn(c cid.Cid) {
	if k == nil {
		return
	}
	k.uploads.Add(c)
	k.touch(c)
}

// guarded is a block store whose blocks are collected.
type guarded struct {
	Blocks
	k *collector
}

func (g guarded) Put(ctx context.Context, blocks ...blob.Block) error {
	for i := range blocks {
		g.k.touch(blocks[i].CID)
	}
	return g.Blocks.Put(ctx, blocks...)
}

func (g guarded) Stage(ctx context.Context, blocks ...blob.Block) error {
	for i := range blocks {
		g.k.touch(blocks[i].CID)
	}
	return g.Blocks.Stage(ctx, blocks...)
}

func (g guarded) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	g.k.touch(c)
	return g.Blocks.Get(ctx, c)
}

func (g guarded) Has(ctx context.Context, c cid.Cid) (bool, error) {
	g.k.touch(c)
	return g.Blocks.Has(ctx, c)
}

// keeper is a block store that others may collect from, who have to be told that a
// block is going to be named.
type keeper interface {
	// Keep is Has for a block that is going to be named.
	Keep(ctx context.Context, c cid.Cid) (bool, error)
}

// keep reports whether there is a block, which is going to be named.
func (c *Coordinator) keep(ctx context.Context, id cid.Cid) (bool, error) {
	c.collector.touch(id)
	if k, ok := c.store.(keeper); ok {
		return k.Keep(ctx, id)
	}
	return c.store.Has(ctx, id)
}

// run collects from time to time until ctx ends.
func (k *collector) run(ctx context.Context) {
	every := min(k.grace/4, collectSeldom)
	tick := time.NewTicker(max(min(every, settle)/4, time.Second))
	defer tick.Stop()
	for next := k.began.Add(k.grace); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := k.c.parts.Now()
		k.turn(now)
		if now.Before(next) || !k.due() {
			continue
		}
		next = now.Add(every)
		if err := k.collect(ctx, &pace{share: collectShare}); err != nil && ctx.Err() == nil {
			k.c.log.Error("blocks were not collected", "error", err)
		}
	}
}

// due reports whether there can be anything to let go of: the log has let go of
// records, or clients have handed blocks in, or the last collection found some.
func (k *collector) due() bool {
	k.one.Lock()
	defer k.one.Unlock()
	first, _ := k.c.parts.Log.Base()
	return first != k.last || !k.idle || !k.uploads.Empty()
}

// turn forgets what was handed in long enough ago, between collections.
func (k *collector) turn(now time.Time) {
	k.one.Lock()
	defer k.one.Unlock()
	if now.Sub(k.uploadsTurn) >= k.grace {
		k.uploads.Turn()
		k.uploadsTurn = now
	}
}

// Collect lets go of blocks that no record of the log, no result that is listed or
// remembered and no task of the catalogue names, and that nobody has handed in or
// touched within Config.BlockGrace. It does nothing where that is 0, and before a
// coordinator has run for as long: what was handed in to the one before is not known.
// It returns what collections have come to.
func (c *Coordinator) Collect(ctx context.Context) (Collected, error) {
	if c.collector == nil {
		return Collected{}, nil
	}
	c.collector.turn(c.parts.Now())
	err := c.collector.collect(ctx, &pace{share: 1})
	return c.collector.collected(), err
}

// sized is a block store that knows what it takes on the disk.
type sized interface {
	Size(ctx context.Context) (int64, error)
}

// storage says what blocks take and what was let go of.
func (c *Coordinator) storage(ctx context.Context) (v contracts.StorageView, err error) {
	if s, ok := c.store.(sized); ok {
		if v.BlockBytes, err = s.Size(ctx); err != nil {
			return v, err
		}
	}
	g := c.collector.collected()
	v.Collections, v.CollectedBlocks, v.CollectedBytes, v.KeptBlocks, v.KeptBytes = g.Runs, g.Blocks, g.Bytes, g.Kept, g.KeptBytes
	if g.Runs > 0 {
		v.CollectedAt = &contracts.Time{Time: g.At.UTC()}
	}
	return v, nil
}

func (k *collector) collected() Collected {
	if k == nil {
		return Collected{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.total
}

func (k *collector) collect(ctx context.Context, p *pace) error {
	k.one.Lock()
	defer k.one.Unlock()
	k.touched.Store(garbage.NewSet(likelyTouched, k.total.Runs))
	defer k.touched.Store(nil)
	settled := time.NewTimer(min(k.grace, settle))
	defer settled.Stop()
	select {
	case <-settled.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	began := k.c.parts.Now()
	if began.Sub(k.began) < k.grace {
		return nil
	}
	first, _ := k.c.parts.Log.Base()
	m := k.newMarker(p, first)
	if err := m.mark(ctx); err != nil {
		return fmt.Errorf("mark blocks: %w", err)
	}
	s := sweep{k: k, named: m.named, before: began.Add(-k.grace), pace: p}
	if err := s.run(ctx); err != nil {
		return fmt.Errorf("sweep blocks: %w", err)
	}
	k.last, k.idle = first, s.erased == 0
	k.mu.Lock()
	k.total.Runs++
	k.total.Blocks += s.erased
	k.total.Bytes += s.erasedBytes
	k.total.Kept, k.total.KeptBytes = s.kept, s.keptBytes
	k.total.At, k.total.Took = k.c.parts.Now(), k.c.parts.Now().Sub(began)
	k.mu.Unlock()
	k.c.log.Info("blocks were collected", "let_go", s.erased, "bytes", s.erasedBytes, "kept", s.kept, "kept_bytes", s.keptBytes)
	return nil
}

// marker finds what is named.
type marker struct {
	k     *collector
	named *garbage.Set
	met   *garbage.Met
	pace  *pace
}

func (k *collector) newMarker(p *pace, first eventlog.Offset) *marker {
	// A unit has three records and names about as many blocks.
	likely := 2*(int(k.c.parts.Log.Last()-first)+1) + 4*k.c.cfg.CacheEntries
	return &marker{k: k, named: garbage.NewSet(likely, k.total.Runs+1), met: garbage.NewMet(metBlocks), pace: p}
}

// mark goes through everything that names blocks. What moves meanwhile moves from what
// is looked at first to what is looked at later: results that are remembered have
// records, records that are let go leave rows behind and a base.
func (m *marker) mark(ctx context.Context) error {
	c := m.k.c
	for _, t := range c.parts.Tasks.Tasks() {
		m.named.Add(t.Module.Cid)
	}
	if err := m.remembered(ctx); err != nil {
		return err
	}
	if err := m.signed(ctx); err != nil {
		return err
	}
	if err := m.records(ctx); err != nil {
		return err
	}
	if err := m.rows(ctx); err != nil {
		return err
	}
	_, base := c.parts.Log.Base()
	return garbage.Links(base, m.at(ctx, 1))
}

// remembered marks results that equal units may end with.
func (m *marker) remembered(ctx context.Context) error {
	for next := 0; ; {
		if err := m.k.c.do(ctx, func(st *state) { next = st.known.Named(next, 1024, m.named.Add) }); err != nil {
			return err
		}
		if next == 0 {
			return nil
		}
		if err := m.pace.rest(ctx); err != nil {
			return err
		}
	}
}

// signed marks the batches that nodes signed lately: a second result under a lease is
// proved by the first.
func (m *marker) signed(ctx context.Context) error {
	var left []contracts.NodeID
	if err := m.k.c.do(ctx, func(st *state) { left = slices.Collect(maps.Keys(st.nodes)) }); err != nil {
		return err
	}
	for len(left) > 0 {
		if err := m.k.c.do(ctx, func(st *state) { left = st.batchesSigned(left, 64, m.named.Add) }); err != nil {
			return err
		}
		if err := m.pace.rest(ctx); err != nil {
			return err
		}
	}
	return nil
}

// records marks what the log's records name. The log may let go of some meanwhile.
func (m *marker) records(ctx context.Context) error {
	log := m.k.c.parts.Log
	next, _ := log.Base()
	for next <= log.Last() {
		n := 0
		err := log.Read(ctx, next, func(rec eventlog.Record) error {
			if n == pieceRecords {
				return errEnough
			}
			n++
			next = rec.Offset + 1
			return garbage.Links(rec.Data, m.at(ctx, 1))
		})
		if first, _ := log.Base(); next < first {
			next = first
			continue
		}
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
		if err := m.pace.rest(ctx); err != nil {
			return err
		}
	}
	return nil
}

// rows marks the results of sessions that are listed, whose records may have been let
// go.
func (m *marker) rows(ctx context.Context) error {
	for before := contracts.SessionID(""); ; {
		page, err := m.k.c.parts.Sessions.List(ctx, contracts.EveryTenant, before, maxPage)
		if err != nil {
			return err
		}
		for _, s := range page {
			if before = s.SessionID; !s.Result.Defined() {
				continue
			}
			if err := m.at(ctx, 1)(s.Result); err != nil {
				return err
			}
		}
		if len(page) < maxPage {
			return nil
		}
		if err := m.pace.rest(ctx); err != nil {
			return err
		}
	}
}

// at returns a function that marks a block named at a depth and, where it can name
// others that matter, those.
func (m *marker) at(ctx context.Context, depth int) func(cid.Cid) error {
	return func(c cid.Cid) error {
		m.named.Add(c)
		if depth > followed || c.Type() != cid.DagCBOR || !m.met.Meet(c, depth) {
			return nil
		}
		if err := m.pace.rest(ctx); err != nil {
			return err
		}
		data, err := m.k.store.Get(ctx, c)
		if blob.IsNotFound(err) {
			return nil
		}
		if damaged, ok := errors.AsType[*blob.CorruptError](err); ok {
			m.k.c.log.Warn("block is damaged, and what it names unknown", "block", damaged.CID)
			return nil
		}
		if err != nil {
			return err
		}
		return garbage.Links(data, m.at(ctx, depth+1))
	}
}

// sweep lets go of what was not marked.
type sweep struct {
	k      *collector
	named  *garbage.Set
	before time.Time
	pace   *pace

	batch               []blob.Held
	kept, keptBytes     uint64
	erased, erasedBytes uint64
}

func (s *sweep) run(ctx context.Context) error {
	err := s.k.store.Each(ctx, func(h blob.Held) error {
		if err := s.pace.rest(ctx); err != nil {
			return err
		}
		if s.spares(&h) {
			s.keep(&h)
			return nil
		}
		if s.batch = append(s.batch, h); len(s.batch) < eraseBatch {
			return nil
		}
		return s.flush(ctx)
	})
	if err != nil {
		return err
	}
	return s.flush(ctx)
}

func (s *sweep) keep(h *blob.Held) {
	s.kept++
	s.keptBytes += uint64(h.Bytes)
}

// spares reports whether a block stays.
func (s *sweep) spares(h *blob.Held) bool {
	return s.named.Has(h.CID) || s.k.touched.Load().Has(h.CID) || s.k.uploads.Has(h.CID) || !h.Since.IsZero() && h.Since.After(s.before)
}

// flush erases the batch but for what was touched meanwhile.
func (s *sweep) flush(ctx context.Context) error {
	if len(s.batch) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	d := &dying{blocks: make(map[cid.Cid]struct{}, len(s.batch)), gone: make(chan struct{})}
	for i := range s.batch {
		d.blocks[s.batch[i].CID] = struct{}{}
	}
	s.k.dying.Store(d)
	defer func() { s.k.dying.Store(nil); close(d.gone) }()
	doomed := slices.DeleteFunc(s.batch, func(h blob.Held) bool {
		if s.spares(&h) {
			s.keep(&h)
			return true
		}
		return false
	})
	for i := range doomed {
		s.k.c.stored.forget(doomed[i].CID)
	}
	// To go away in the middle would leave open whether they are gone, and who waits
	// for that must know.
	erased, err := s.k.store.Erase(context.WithoutCancel(ctx), doomed...)
	s.erased += uint64(erased.Blocks)
	s.erasedBytes += uint64(erased.Bytes)
	s.batch = s.batch[:0]
	return err
}

// pace has work that nobody waits for take a share of one processor: one in share.
type pace struct {
	share int
	since time.Time
}

// restAfter is how long is worked before a rest.
const restAfter = 5 * time.Millisecond

// rest rests if it is time to.
func (p *pace) rest(ctx context.Context) error {
	now := time.Now()
	if p.since.IsZero() {
		p.since = now
	}
	worked := now.Sub(p.since)
	if worked < restAfter {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.share > 1 {
		timer := time.NewTimer(worked * time.Duration(p.share-1))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		now = time.Now()
	}
	p.since = now
	return nil
}
