package gateway

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
)

// rates limits how often keys and tenants call and how much they send, each by a
// token bucket. Operators are not limited. There are as many buckets as there
// are keys and tenants that were ever seen, which the fabric bounds.
type rates struct {
	access Access
	// least is what a bucket of bytes has room for at least.
	least int64

	mu      sync.Mutex
	buckets map[bucket]*rate.Limiter
}

// bucket names a limiter.
type bucket struct {
	what string // "key", "tenant" or "bytes"
	of   string
}

func newRates(a Access, least int64) *rates {
	return &rates{access: a, least: least, buckets: map[bucket]*rate.Limiter{}}
}

// request takes one request out of the buckets of a key and its tenant, or is a
// RATE_LIMITED that says when there is one again.
func (r *rates) request(who access.Caller) error {
	if who.Tenant == contracts.EveryTenant {
		return nil
	}
	per := r.access.QuotaOf(who.Tenant).RequestsPerSecond
	burst := max(1, int(2*per))
	for _, b := range []bucket{{"key", who.Key}, {"tenant", string(who.Tenant)}} {
		if wait := r.take(b, per, burst, 1); wait > 0 {
			return &access.Later{After: wait, Cause: contracts.Errorf(contracts.CodeRateLimited, b.of,
				"%s %s made more than %g requests a second; slow down, or ask an operator for a greater quota ('krako quota set')", b.what, b.of, per)}
		}
	}
	return nil
}

// bytes takes the bytes of a request body out of a tenant's bucket.
func (r *rates) bytes(who access.Caller, n int64) error {
	if who.Tenant == contracts.EveryTenant {
		return nil
	}
	per := r.access.QuotaOf(who.Tenant).BodyBytesPerSecond
	burst := max(r.least, 60*per)
	if wait := r.take(bucket{"bytes", string(who.Tenant)}, float64(per), int(burst), int(n)); wait > 0 {
		return &access.Later{After: wait, Cause: contracts.Errorf(contracts.CodeRateLimited, string(who.Tenant),
			"tenant %s sent more than %d bytes a second", who.Tenant, per)}
	}
	return nil
}

// take takes n from a bucket and returns 0, or how long it is until n are there.
// 0 per second is unlimited.
func (r *rates) take(b bucket, per float64, burst, n int) time.Duration {
	if per == 0 {
		return 0
	}
	now := time.Now()
	l := r.limiter(b, now, rate.Limit(per), burst)
	res := l.ReserveN(now, n)
	if !res.OK() { // more than the bucket holds: never
		return time.Hour
	}
	wait := res.DelayFrom(now)
	if wait > 0 {
		res.CancelAt(now)
	}
	return wait
}

func (r *rates) limiter(b bucket, now time.Time, per rate.Limit, burst int) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, ok := r.buckets[b]
	if !ok {
		l = rate.NewLimiter(per, burst)
		r.buckets[b] = l
	}
	if l.Limit() != per || l.Burst() != burst { // the quota was changed
		l.SetLimitAt(now, per)
		l.SetBurstAt(now, burst)
	}
	return l
}
