package gateway_test

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
)

// till is the Money of the fabric in memory: wallets that grants fill, and a ledger
// without entries.
type till struct {
	mu      sync.Mutex
	wallets map[contracts.TenantID]contracts.WalletView
	plan    contracts.JSON
}

func newTill() *till {
	return &till{wallets: map[contracts.TenantID]contracts.WalletView{}, plan: contracts.JSON(`{"version":"1"}`)}
}

func (*till) operates(by access.Caller) error {
	if !by.Sees(contracts.EveryTenant) {
		return contracts.Errorf(contracts.CodeAuth, string(by.Tenant), "is no operator")
	}
	return nil
}

func (*till) Quote(_ context.Context, g *contracts.TaskGraph) (contracts.Quote, error) {
	_, err := g.Admit(contracts.DefaultLimits())
	return contracts.Quote{Most: "1.000000", Units: map[contracts.UnitID]string{}}, err
}

func (f *till) Prices(context.Context) (contracts.JSON, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.plan, nil
}

func (f *till) SetPrices(_ context.Context, by access.Caller, doc []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = contracts.JSON(doc)
	return f.operates(by)
}

func (f *till) Wallet(_ context.Context, by access.Caller, t contracts.TenantID) (contracts.WalletView, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !by.Sees(t) {
		return contracts.WalletView{}, contracts.Errorf(contracts.CodeNotFound, string(t), "no such tenant")
	}
	w := f.wallets[t]
	w.Tenant = t
	return w, nil
}

func (f *till) Wallets(_ context.Context, by access.Caller) (contracts.WalletList, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var l contracts.WalletList
	for t, w := range f.wallets {
		if by.Sees(t) {
			l.Wallets = append(l.Wallets, w)
		}
	}
	return l, nil
}

func (f *till) Grant(ctx context.Context, by access.Caller, t contracts.TenantID, r contracts.CreditGrant) (contracts.WalletView, error) {
	if err := f.operates(by); err != nil {
		return contracts.WalletView{}, err
	}
	f.mu.Lock()
	f.wallets[t] = contracts.WalletView{Tenant: t, Balance: r.Amount}
	f.mu.Unlock()
	return f.Wallet(ctx, by, t)
}

func (f *till) Suspend(_ context.Context, by access.Caller, _ contracts.TenantID, _ contracts.AccountSuspended) error {
	return f.operates(by)
}

func (f *till) Ledger(ctx context.Context, by access.Caller, t contracts.TenantID, _ string, _ int64, _ int) (contracts.LedgerPage, error) {
	return contracts.LedgerPage{}, f.sees(ctx, by, t)
}

// sees is nil where by may know of a tenant's money; nodes' keys ask for earnings.
func (f *till) sees(ctx context.Context, by access.Caller, t contracts.TenantID) error {
	_, err := f.Wallet(ctx, by, t)
	return err
}

func (f *till) Statement(ctx context.Context, by access.Caller, t contracts.TenantID, _ string, from, to time.Time) (contracts.Statement, error) {
	return contracts.Statement{From: contracts.Time{Time: from}, To: contracts.Time{Time: to}}, f.sees(ctx, by, t)
}

func (f *till) PutAside(_ context.Context, by access.Caller) (contracts.PutAsideList, error) {
	return contracts.PutAsideList{}, f.operates(by)
}

func (f *till) Export(_ context.Context, by access.Caller, fn func(contracts.Event) error) error {
	if err := f.operates(by); err != nil {
		return err
	}
	return fn(contracts.Event{SpecVersion: "1.0", ID: uuid.NewString(), Source: "/krako/test", Type: contracts.EventNodeRegistered, Time: contracts.Time{Time: time.Now()}})
}

func (f *till) Follow(ctx context.Context, by access.Caller, fn func(contracts.Event) error) error {
	if err := f.Export(ctx, by, fn); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func (f *till) Capacity(context.Context) (contracts.CapacityView, error) {
	return contracts.CapacityView{Admission: "OPEN", ModelAdmission: "OPEN"}, nil
}
