package jetstream

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/krako-labs/krako/internal/blob"
)

// Blocks that travelled in messages stay there: the stream never forgets. What can be
// let go are objects of the bucket, and copies in this coordinator's own store.
//
// A coordinator that was frozen while it collected, and wakes up when another one
// leads, must not take an object away that the other relies on by now. So whoever is
// going to name an object writes down that it is held on to, unless that was done a
// moment ago, and an object goes only if nobody has since it was looked at.

var _ blob.Collectable = (*Blocks)(nil)

const (
	// heldFor is for how long an object counts as held on to; the grace that collectors
	// leave must be longer.
	heldFor = time.Minute
	// going is the description of an object that is gone, but for some of its bytes.
	going = "going"
)

// object is what the bucket says of one object, and the message that says it.
type object struct {
	jetstream.ObjectInfo
	seq  uint64
	held time.Time // on the servers' clocks
}

func (b *Blocks) metaSubject(name string) string {
	return "$O." + namesOf(b.db.cfg.Name).objects + ".M." + base64.URLEncoding.EncodeToString([]byte(name))
}

// object looks an object up; nil if there is none.
func (b *Blocks) object(ctx context.Context, c cid.Cid) (*object, error) {
	m, err := b.db.bucket.GetLastMsgForSubject(ctx, b.metaSubject(c.String()))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o, err := objectOf(m.Data, m.Sequence, m.Time)
	if err != nil || o.Deleted {
		return nil, err
	}
	return o, nil
}

func objectOf(data []byte, seq uint64, at time.Time) (*object, error) {
	o := &object{seq: seq, held: at}
	if err := json.Unmarshal(data, &o.ObjectInfo); err != nil {
		return nil, final{fmt.Errorf("decode object of message %d: %w", seq, err)}
	}
	return o, nil
}

// state replaces what the bucket says of an object, unless somebody else has.
func (b *Blocks) state(ctx context.Context, o *object) error {
	o.ModTime = time.Time{}
	data, err := json.Marshal(&o.ObjectInfo)
	if err != nil {
		return final{err}
	}
	m := nats.NewMsg(b.metaSubject(o.Name))
	m.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	m.Data = data
	ack, err := b.db.js.PublishMsg(ctx, m, jetstream.WithExpectLastSequencePerSubject(o.seq))
	if err == nil {
		o.seq = ack.Sequence
	}
	return err
}

// hold writes down that an object is held on to.
func (b *Blocks) hold(ctx context.Context, o *object) error {
	if time.Since(o.held) < b.db.heldFor/2 {
		return nil
	}
	return b.state(ctx, o)
}

// Keep is Has for a block that is going to be named: it is not collected for a while
// from the call on, by whichever coordinator.
func (b *Blocks) Keep(ctx context.Context, c cid.Cid) (ok bool, err error) {
	if err := b.db.usable(ctx); err != nil {
		return false, err
	}
	err = b.ask(ctx, "hold on to block "+c.String(), func(ctx context.Context) error {
		o, err := b.object(ctx, c)
		if ok = err == nil && o != nil; ok {
			return b.hold(ctx, o)
		}
		return err
	})
	if ok || err != nil {
		return ok, err
	}
	data, err := b.db.cfg.Blocks.Get(ctx, c)
	if blob.IsNotFound(err) {
		return false, nil
	}
	if err == nil && len(data) > maxSmall {
		// Others have let it go: what is here is the last copy.
		err = b.upload(ctx, blob.Proved(c, data))
	}
	return err == nil, err
}

// Each implements blob.Collectable. An object and this coordinator's copy of it are
// told of one by one.
func (b *Blocks) Each(ctx context.Context, fn func(blob.Held) error) error {
	if own, ok := b.db.cfg.Blocks.(blob.Collectable); ok {
		if err := own.Each(ctx, fn); err != nil {
			return err
		}
	}
	var told uint64
	return b.db.retry(ctx, "list objects", func() error { return b.eachObject(ctx, &told, fn) })
}

// eachObject calls fn for the objects in the order of their messages, from the one after
// told on, and counts told up: whoever tries again tells nobody twice.
func (b *Blocks) eachObject(ctx context.Context, told *uint64, fn func(blob.Held) error) error {
	c, err := b.db.bucket.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{"$O." + namesOf(b.db.cfg.Name).objects + ".M.>"}, DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy,
		InactiveThreshold: consumerIdle, MaxResetAttempts: 1,
	})
	if err != nil {
		return err
	}
	if c.CachedInfo().NumPending == 0 {
		return nil
	}
	it, err := c.Messages()
	if err != nil {
		return err
	}
	defer it.Stop()
	defer context.AfterFunc(ctx, it.Stop)()
	defer context.AfterFunc(b.db.ctx, it.Stop)()
	for {
		// What was pending may have been replaced since: then the list begins again.
		m, err := it.Next(jetstream.NextMaxWait(askWait))
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if at := meta.Sequence.Stream; at > *told {
			if err := b.tell(ctx, m.Data(), meta, fn); err != nil {
				return err
			}
			*told = at
		}
		if meta.NumPending == 0 {
			return nil
		}
	}
}

// tell calls fn for the object of a message, or finishes what a crash has left of one.
func (b *Blocks) tell(ctx context.Context, data []byte, meta *jetstream.MsgMetadata, fn func(blob.Held) error) error {
	o, err := objectOf(data, meta.Sequence.Stream, meta.Timestamp)
	switch {
	case err != nil:
		return err
	case o.Deleted && o.Description == going:
		return b.finish(ctx, o)
	case o.Deleted:
		return nil
	}
	c, err := cid.Decode(o.Name)
	if err != nil {
		return nil // it is none of ours
	}
	if err := fn(blob.Held{CID: c, Bytes: int64(o.Size), Since: o.held, Revision: o.seq}); err != nil {
		return final{err}
	}
	return nil
}

// Erase implements blob.Collectable.
func (b *Blocks) Erase(ctx context.Context, blocks ...blob.Held) (erased blob.Erased, err error) {
	var here []blob.Held
	for _, h := range blocks {
		if h.Revision == 0 {
			here = append(here, h)
			continue
		}
		gone, failure := b.eraseObject(ctx, h)
		if failure != nil {
			return erased, failure
		}
		if gone {
			erased.Add(h)
		}
	}
	own, ok := b.db.cfg.Blocks.(blob.Collectable)
	if !ok || len(here) == 0 {
		return erased, nil
	}
	more, err := own.Erase(ctx, here...)
	return erased.Plus(more), err
}

func (b *Blocks) eraseObject(ctx context.Context, h blob.Held) (gone bool, err error) {
	err = b.ask(ctx, "erase block "+h.CID.String(), func(ctx context.Context) error {
		o, err := b.object(ctx, h.CID)
		if err != nil || o == nil || o.seq != h.Revision {
			return err
		}
		if err := b.condemn(ctx, o); err != nil {
			return err // one that somebody holds on to has another number at the next look
		}
		gone = true
		return b.finish(ctx, o)
	})
	return gone, err
}

// condemn says that an object is gone.
func (b *Blocks) condemn(ctx context.Context, o *object) error {
	o.Deleted, o.Description, o.Size, o.Chunks, o.Digest = true, going, 0, 0, ""
	return b.state(ctx, o)
}

// finish takes the bytes of an object that is gone out of the bucket, and then says
// that they are. A rollup leaves one empty message; to purge would take a right that
// an account should not have.
func (b *Blocks) finish(ctx context.Context, o *object) error {
	m := nats.NewMsg("$O." + namesOf(b.db.cfg.Name).objects + ".C." + o.NUID)
	m.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	if _, err := b.db.js.PublishMsg(ctx, m); err != nil {
		return err
	}
	o.Description = ""
	return b.state(ctx, o)
}

// Size returns about how many bytes this coordinator's copies take.
func (b *Blocks) Size(ctx context.Context) (int64, error) {
	own, ok := b.db.cfg.Blocks.(interface {
		Size(context.Context) (int64, error)
	})
	if !ok {
		return 0, nil
	}
	return own.Size(ctx)
}
