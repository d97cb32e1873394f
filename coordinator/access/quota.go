package access

import (
	"maps"
	"slices"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// QuotaOf returns what a tenant may use and whether somebody has set that.
func (b *Book) QuotaOf(id contracts.TenantID) (q contracts.Quota, set bool) {
	if t := b.tenants[id]; t.quota != nil {
		return *t.quota, true
	}
	return b.initial, false
}

// maxTenants bounds the tenants of which anything is known. Keys are bounded by
// themselves, but an operator's key may name any tenant.
const maxTenants = 100_000

// room is nil, or RESOURCE_EXHAUSTED for a tenant of which nothing is known where no
// more are taken in.
func (b *Book) room(id contracts.TenantID) error {
	if _, known := b.tenants[id]; !known && len(b.tenants) >= maxTenants {
		return Full(string(id), "there are %d tenants, the most that are known", maxTenants)
	}
	return nil
}

// Bounds of a quota: a JSON number must hold it.
const (
	maxQuota = 1 << 53
	maxRate  = 1_000_000
)

// SetQuota is the fact that by sets a tenant's quota. Only an operator may: a
// tenant's admin would set its own.
func (b *Book) SetQuota(now time.Time, by Caller, id contracts.TenantID, q contracts.Quota) (Fact, error) {
	if err := by.Must(contracts.ScopeAdmin); err != nil {
		return Fact{}, err
	}
	if by.Tenant != contracts.EveryTenant {
		return Fact{}, contracts.Errorf(contracts.CodeAuth, string(id), "only an operator's key (tenant *) sets quotas")
	}
	if !id.Valid() {
		return Fact{}, contracts.Errorf(contracts.CodeValidation, "tenant", "%q is no tenant", id)
	}
	if q.Graphs < 0 || q.BlockBytes < 0 || q.BodyBytesPerSecond < 0 || !(q.RequestsPerSecond >= 0 && q.RequestsPerSecond <= maxRate) ||
		max(uint64(q.Graphs), uint64(q.BlockBytes), uint64(q.BodyBytesPerSecond), q.FuelPerDay, q.TokensPerDay) > maxQuota {
		return Fact{}, contracts.Errorf(contracts.CodeValidation, string(id), "a quota is negative or above %d (requests: %d)", int64(maxQuota), maxRate)
	}
	if err := b.room(id); err != nil {
		return Fact{}, err
	}
	return Fact{At: now.UnixMicro(), Quota: &Quota{id, q}}, nil
}

// Running is what a tenant's running sessions amount to.
type Running struct {
	Graphs           int
	FuelHeld, Tokens uint64
}

// Usage returns what a tenant uses.
func (b *Book) Usage(now time.Time, id contracts.TenantID, r Running) contracts.Usage {
	t := b.tenants[id]
	t.turn(dayOf(now.UnixMicro()))
	return contracts.Usage{Graphs: r.Graphs, BlockBytes: t.stored, Fuel: t.fuel, Tokens: t.tokens, FuelHeld: r.FuelHeld, TokensHeld: r.Tokens}
}

// Quotas lists the tenants that by may see and that have a key, a quota or any
// use, by name.
func (b *Book) Quotas(by Caller, now time.Time, running func(contracts.TenantID) Running) contracts.QuotaList {
	ids := map[contracts.TenantID]bool{}
	for id := range b.tenants {
		ids[id] = true
	}
	for _, e := range b.keys {
		ids[e.Tenant] = true
	}
	delete(ids, contracts.EveryTenant)
	l := contracts.QuotaList{Quotas: []contracts.QuotaView{}}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if by.Sees(id) {
			l.Quotas = append(l.Quotas, b.Tenant(now, id, running(id)))
		}
	}
	return l
}

// Tenant returns one tenant's quota and use.
func (b *Book) Tenant(now time.Time, id contracts.TenantID, r Running) contracts.QuotaView {
	q, set := b.QuotaOf(id)
	return contracts.QuotaView{Tenant: id, Default: !set, Quota: q, Usage: b.Usage(now, id, r)}
}

// MayStore is nil, or RESOURCE_EXHAUSTED when n more bytes of blocks would go
// over the tenant's quota.
func (b *Book) MayStore(id contracts.TenantID, n int64) error {
	if err := b.room(id); err != nil {
		return err
	}
	q, _ := b.QuotaOf(id)
	if stored := b.tenants[id].stored; q.BlockBytes > 0 && stored+n > q.BlockBytes {
		return Full(string(id), "tenant %s stores %d bytes of blocks, %d more would exceed its quota of %d; an operator raises it with 'krako quota set'",
			id, stored, n, q.BlockBytes)
	}
	return nil
}

// Grant is how much a session may use at most, whatever its budgets say. A nil
// member is no bound.
type Grant struct {
	Fuel, Tokens *uint64
}

// MayRun is nil, or RESOURCE_EXHAUSTED when one more session would go over the
// tenant's quota. A session whose budgets declare less than is left is granted
// that and leaves the rest to others; one that declares nothing is granted all
// that is left. Tokens are of no matter to a graph that asks no model.
func (b *Book) MayRun(now time.Time, id contracts.TenantID, declared contracts.Budgets, asks bool, r Running) (Grant, error) {
	if err := b.room(id); err != nil {
		return Grant{}, err
	}
	q, _ := b.QuotaOf(id)
	if q.Graphs > 0 && r.Graphs >= q.Graphs {
		return Grant{}, contracts.Errorf(contracts.CodeResourceExhausted, string(id), "tenant %s runs %d graphs, the most that its quota allows; wait for one to end", id, r.Graphs)
	}
	u := b.Usage(now, id, r)
	fuel, err := share(id, "fuel", q.FuelPerDay, u.Fuel, u.FuelHeld, declared.MaxFuel)
	if err != nil {
		return Grant{}, tomorrow(now, usedUp(q.FuelPerDay, u.Fuel, declared.MaxFuel), err)
	}
	if !asks {
		return Grant{Fuel: fuel}, nil
	}
	tokens, err := share(id, "tokens", q.TokensPerDay, u.Tokens, u.TokensHeld, declared.MaxTokens)
	if err != nil {
		return Grant{}, tomorrow(now, usedUp(q.TokensPerDay, u.Tokens, declared.MaxTokens), err)
	}
	return Grant{fuel, tokens}, nil
}

// usedUp reports whether nothing that ends today could let the session in.
func usedUp(quota, used uint64, declared *int64) bool {
	return used >= quota || declared != nil && *declared >= 0 && uint64(*declared) > quota-used
}

// tomorrow says of a refusal when it ends: at midnight if the day's quota is used
// up, else when some running session does.
func tomorrow(now time.Time, usedUp bool, err *contracts.Error) error {
	if !usedUp {
		return err
	}
	day := 24 * time.Hour
	return &Later{After: now.UTC().Truncate(day).Add(day).Sub(now), Cause: err}
}

// share grants a part of what is left of the day's quota.
func share(id contracts.TenantID, what string, quota, used, held uint64, declared *int64) (*uint64, *contracts.Error) {
	if quota == 0 {
		return nil, nil
	}
	taken := used + held
	if taken < used || taken >= quota {
		return nil, contracts.Errorf(contracts.CodeResourceExhausted, string(id),
			"tenant %s has used %d and holds %d for running graphs of its %d %s for today (UTC); wait, or declare max_%s in graphs that run side by side", id, used, held, quota, what, what)
	}
	left := quota - taken
	if declared != nil && *declared >= 0 {
		if uint64(*declared) > left {
			return nil, contracts.Errorf(contracts.CodeResourceExhausted, string(id), "the graph declares max_%s %d, tenant %s has %d left for today (UTC)", what, *declared, id, left)
		}
		left = uint64(*declared)
	}
	return &left, nil
}
