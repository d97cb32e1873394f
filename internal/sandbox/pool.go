package sandbox

import "sync"

// pool keeps instances that are back in their module's starting state, the
// last used on top: its pages are the likeliest to be in a cache.
type pool struct {
	mu     sync.Mutex
	idle   []*guest
	limit  int
	closed bool
}

// take returns an idle instance, or nil.
func (p *pool) take() *guest {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	g := p.idle[n-1]
	p.idle[n-1], p.idle = nil, p.idle[:n-1]
	return g
}

// put keeps an instance or, when there are enough, closes it.
func (p *pool) put(g *guest) {
	p.mu.Lock()
	if !p.closed && len(p.idle) < p.limit {
		p.idle = append(p.idle, g)
		g = nil
	}
	p.mu.Unlock()
	if g != nil {
		g.close()
	}
}

// wants reports whether put would keep an instance.
func (p *pool) wants() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.closed && len(p.idle) < p.limit
}

// drain closes the idle instances.
func (p *pool) drain() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, g := range idle {
		g.close()
	}
}

// close closes the idle instances and all that come back later.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.drain()
}
