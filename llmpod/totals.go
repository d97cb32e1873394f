package llmpod

import "sync/atomic"

// Totals is what a pool has done since it was made, in its server's counts.
type Totals struct {
	// Calls are generations and embeddings, those that were cut short included.
	Calls int64 `json:"calls"`
	// TokensRead are those of prompts, TokensCached the part of them that was in the
	// slot already, TokensOut those generated.
	TokensRead   int64 `json:"tokens_read"`
	TokensCached int64 `json:"tokens_cached"`
	TokensOut    int64 `json:"tokens_out"`
}

// Computed is how many tokens of prompts the server had to compute.
func (t Totals) Computed() int64 { return t.TokensRead - t.TokensCached }

type totals struct{ calls, read, cached, out atomic.Int64 }

func (t *totals) add(read, cached, out int) {
	t.calls.Add(1)
	t.read.Add(int64(read))
	t.cached.Add(int64(cached))
	t.out.Add(int64(out))
}

// Totals returns what the pool has done. It may be called at any time.
func (p *Pool) Totals() Totals {
	t := &p.totals
	return Totals{Calls: t.calls.Load(), TokensRead: t.read.Load(), TokensCached: t.cached.Load(), TokensOut: t.out.Load()}
}
