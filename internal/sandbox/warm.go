package sandbox

import "context"

// Warm makes instances of the module until its pool is full, so that as many
// units at a time find one ready. Of a module whose instances serve one unit
// each it makes none.
func (m *Module) Warm(ctx context.Context) error {
	for !m.Stateful && m.pool.wants() {
		g, err := m.newGuest(ctx, m.pooledPages())
		if err != nil {
			return err
		}
		m.pool.put(g)
	}
	return nil
}

// Cool closes the module's idle instances, which gives their memory back. The
// next units make new ones.
func (m *Module) Cool() { m.pool.drain() }
