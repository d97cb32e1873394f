package coordinator

import (
	"context"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
)

// program is a module and where it is entered.
type program struct {
	module cid.Cid
	entry  string
}

// catalogued reports whether a program is a task of the catalogue.
func (c *Coordinator) catalogued(module cid.Cid, entry string) bool {
	return c.catalogue[program{module, entry}]
}

// Publish makes a part of computations public and returns when that is durable. Units
// that are out already, and results that are known already, stay as private as they
// were. A module or blob that is not stored is NOT_FOUND: nobody could read it, and an
// address that is misspelt would be public in vain.
func (c *Coordinator) Publish(ctx context.Context, by access.Caller, p contracts.Publication) (contracts.PublicationView, error) {
	if err := by.Must(contracts.ScopeAdmin); err != nil {
		return contracts.PublicationView{}, err // before it is told what is stored
	}
	if err := p.Check(); err != nil {
		return contracts.PublicationView{}, err
	}
	if by.Sees(contracts.EveryTenant) && p.As != contracts.PublicInput {
		there, err := c.keep(ctx, p.Block.Cid)
		if err == nil && !there {
			err = contracts.Errorf(contracts.CodeNotFound, p.Block.String(), "the block is not stored here; upload it first ('krako block put')")
		}
		if err != nil {
			return contracts.PublicationView{}, err
		}
	}
	var v contracts.PublicationView
	err := c.decide(ctx, func(st *state) ([]access.Fact, error) {
		f, ok, err := st.book.Publish(st.now, by, p)
		if err != nil || !ok {
			v = st.book.PublicationView(p)
			return nil, err
		}
		return []access.Fact{f}, nil
	})
	if err != nil {
		return contracts.PublicationView{}, err
	}
	if v.PublishedAt.IsZero() {
		v = c.book.Load().PublicationView(p)
	}
	return v, nil
}

// Withdraw ends a publication. From when it returns on, nobody is given another
// tenant's result for it; what was given out stays.
func (c *Coordinator) Withdraw(ctx context.Context, by access.Caller, id string) error {
	return c.decide(ctx, func(st *state) ([]access.Fact, error) {
		f, err := st.book.Withdraw(st.now, by, id)
		if err != nil {
			return nil, err
		}
		return []access.Fact{f}, nil
	})
}

// Publications lists what is public, oldest first.
func (c *Coordinator) Publications(context.Context) (contracts.PublicationList, error) {
	return c.book.Load().Publications(), nil
}
