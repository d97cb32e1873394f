package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// ImportType is a function type, a byte for each value as the format has it.
type ImportType struct{ Params, Results string }

// GuestImports are all functions that a guest may import.
func GuestImports() map[rewrite.Import]ImportType {
	bytes := func(types []rewrite.ValType) string {
		var b []byte
		for _, t := range types {
			b = append(b, byte(t))
		}
		return string(b)
	}
	all := map[rewrite.Import]ImportType{}
	for name, t := range guestImports() {
		all[name] = ImportType{bytes(t.Params), bytes(t.Results)}
	}
	return all
}

// Observation is all that a unit leaves behind.
type Observation struct {
	Outcome
	State string // hash of the memory and the globals it ended with
}

// Observe runs a job as Run does and looks at the state it ended in.
func (s *Sandbox) Observe(ctx context.Context, job Job) (Observation, error) {
	m := job.Module
	g, err := m.takeGuest(ctx, job.MemoryPages)
	if err != nil {
		return Observation{}, err
	}
	o, err := g.run(ctx, job)
	state := sha256.New()
	_, _ = state.Write(g.memory.bytes())
	for _, v := range g.globalValues() {
		_ = binary.Write(state, binary.LittleEndian, v)
	}
	g.giveBack(err == nil && (o.Code == "" || g.x.returned))
	return Observation{o, hex.EncodeToString(state.Sum(nil)[:8])}, err
}

// ResetWays are all ways that a sandbox which has no instances yet can be told to
// reset them.
func ResetWays(t testing.TB) map[string]func(*Sandbox) {
	all := map[string]func(*Sandbox){}
	for name, way := range ways(t) {
		all[name] = func(s *Sandbox) { s.pagemap = s.pagemap.as(way) }
	}
	return all
}

// Astray tells how the module's idle instances differ from its snapshot.
func (m *Module) Astray() (all []string) {
	m.pool.mu.Lock()
	defer m.pool.mu.Unlock()
	for _, g := range m.pool.idle {
		mem, image := g.memory.bytes(), m.start.image.view
		if len(mem) != int(m.start.pages)*pageSize || !bytes.Equal(mem[:len(image)], image) || !allZero(mem[len(image):]) {
			all = append(all, "memory")
		}
		if !slices.Equal(g.globalValues(), m.start.globals) {
			all = append(all, "globals")
		}
	}
	return all
}

// RunOnAll runs a job on every idle instance of its module.
func (m *Module) RunOnAll(ctx context.Context, job Job) error {
	var all []*guest
	for g := m.pool.take(); g != nil; g = m.pool.take() {
		all = append(all, g)
	}
	for _, g := range all {
		_, err := g.run(ctx, job)
		g.giveBack(err == nil && g.x.returned)
		if err != nil {
			return err
		}
	}
	return nil
}

// Idle is how many instances of the module are in its pool.
func (m *Module) Idle() int {
	m.pool.mu.Lock()
	defer m.pool.mu.Unlock()
	return len(m.pool.idle)
}
