package access

import (
	"cmp"
	"slices"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// maxPublished bounds what is published at a time: a book is cloned at every change.
const maxPublished = 4096

// Published makes a part of computations public, or with Withdrawn no more.
type Published struct {
	As        contracts.PublicAs `cbor:"as"`
	Block     contracts.Link     `cbor:"b"`
	Name      string             `cbor:"n,omitempty"`
	By        string             `cbor:"by,omitempty"`
	Withdrawn bool               `cbor:"off,omitempty"`
}

func (p *Published) publication() contracts.Publication {
	return contracts.Publication{As: p.As, Block: p.Block, Name: p.Name}
}

// published is since when and by whose key something is public. Tenants, who may see the
// list, are not told by whose.
type published struct {
	at int64
	by string
}

func (b *Book) publish(at int64, p *Published) {
	key, block := p.publication(), p.Block.Cid
	_, is := b.public[key]
	switch {
	case p.Withdrawn && is:
		delete(b.public, key)
		if b.blocks[block]--; b.blocks[block] == 0 {
			delete(b.blocks, block)
		}
	case !p.Withdrawn && !is:
		b.public[key] = published{at, p.By}
		b.blocks[block]++
	}
}

// publications are in order of their time, then of their ids.
func (b *Book) publications() []contracts.PublicationView {
	list := make([]contracts.PublicationView, 0, len(b.public))
	for p, is := range b.public {
		list = append(list, contracts.PublicationView{ID: p.ID(), Publication: p, PublishedAt: contracts.Time{Time: micros(is.at)}})
	}
	slices.SortFunc(list, func(x, y contracts.PublicationView) int {
		return cmp.Or(x.PublishedAt.Compare(y.PublishedAt.Time), cmp.Compare(x.ID, y.ID))
	})
	return list
}

// Publish is the fact that by makes a part of computations public. ok is false when it
// is already.
func (b *Book) Publish(now time.Time, by Caller, p contracts.Publication) (f Fact, ok bool, err error) {
	if err := publishes(by); err != nil {
		return Fact{}, false, err
	}
	if err := p.Check(); err != nil {
		return Fact{}, false, err
	}
	if _, is := b.public[p]; is {
		return Fact{}, false, nil
	}
	if len(b.public) >= maxPublished {
		return Fact{}, false, Full("publications", "there are %d, the most that are kept; withdraw some with 'krako public remove'", maxPublished)
	}
	return Fact{At: now.UnixMicro(), Published: &Published{As: p.As, Block: p.Block, Name: p.Name, By: by.Key}}, true, nil
}

// Withdraw is the fact that by ends a publication.
func (b *Book) Withdraw(now time.Time, by Caller, id string) (Fact, error) {
	if err := publishes(by); err != nil {
		return Fact{}, err
	}
	for p := range b.public {
		if p.ID() == id {
			return Fact{At: now.UnixMicro(), Published: &Published{As: p.As, Block: p.Block, Name: p.Name, By: by.Key, Withdrawn: true}}, nil
		}
	}
	return Fact{}, contracts.Errorf(contracts.CodeNotFound, id, "no such publication")
}

// publishes refuses whoever is no operator of the fabric: what is public is so for
// every tenant.
func publishes(by Caller) error {
	if err := by.Must(contracts.ScopeAdmin); err != nil {
		return err
	}
	if by.Tenant != contracts.EveryTenant {
		return contracts.Errorf(contracts.CodeAuth, "kk_"+by.Key, "what is public is so for every tenant: this needs a key of the fabric's operator, whose tenant is *")
	}
	return nil
}

// Publications lists what is public, oldest first.
func (b *Book) Publications() contracts.PublicationList {
	return contracts.PublicationList{Publications: b.publications()}
}

// PublicationView returns one publication, which must be in force.
func (b *Book) PublicationView(p contracts.Publication) contracts.PublicationView {
	return contracts.PublicationView{ID: p.ID(), Publication: p, PublishedAt: contracts.Time{Time: micros(b.public[p].at)}}
}

// PublicBlock reports whether a block is public as any part.
func (b *Book) PublicBlock(c cid.Cid) bool { return b.blocks[c] > 0 }

// Public reports whether everything that a computation is made of is public: its
// module with its entry, by publication or because catalogued says so, its input, and
// each blob under its name. One with a salt, of a local_only unit, never is.
func (b *Book) Public(v *contracts.Invocation, catalogued func(module cid.Cid, entry string) bool) bool {
	if len(b.public) == 0 || v == nil || len(v.Salt) > 0 {
		return false
	}
	is := func(as contracts.PublicAs, block contracts.Link, name string) bool {
		_, ok := b.public[contracts.Publication{As: as, Block: block, Name: name}]
		return ok
	}
	if !catalogued(v.Module.Cid, v.Entry) && !is(contracts.PublicModule, v.Module, v.Entry) {
		return false
	}
	for name, block := range v.Blobs {
		if !is(contracts.PublicBlob, block, name) {
			return false
		}
	}
	input := v.Input.Link
	if !input.Defined() {
		input = contracts.Link{Cid: dagcbor.RawCID(v.Input.Inline)}
	}
	return is(contracts.PublicInput, input, "")
}
