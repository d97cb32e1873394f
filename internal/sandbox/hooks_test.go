package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

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
	g.giveBack(err == nil && o.Code == "")
	return Observation{o, hex.EncodeToString(state.Sum(nil)[:8])}, err
}

// Idle is how many instances of the module are in its pool.
func (m *Module) Idle() int {
	m.pool.mu.Lock()
	defer m.pool.mu.Unlock()
	return len(m.pool.idle)
}
