package coordinator

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/placement"
	"github.com/krako-labs/krako/internal/p2p"
)

// taskTypes are the types of units that are taken.
func (c *Coordinator) taskTypes() []contracts.UnitType {
	types := []contracts.UnitType{contracts.Deterministic, contracts.Retrieval, contracts.SmallModel}
	if c.cfg.Pods {
		types = append(types, contracts.LLM)
	}
	return types
}

// modelOf is the model that a call asks for.
func modelOf(m *contracts.ModelCall) placement.Model {
	return placement.Model{Name: m.Name, Tier: m.Tier, Operation: m.Operation}
}

// offered are the models that a pod says it serves.
func offered(models []p2p.Model) []placement.Model {
	var list []placement.Model
	for _, m := range models {
		list = append(list, placement.Model{Name: m.Name, Tier: m.Tier, Operation: m.Operation})
	}
	return list
}

// models are what a connected pod serves.
func (n *node) models() []contracts.ModelView {
	if n.worker == nil {
		return nil
	}
	var list []contracts.ModelView
	for _, m := range n.worker.hello.Models {
		list = append(list, contracts.ModelView{Name: m.Name, Tier: m.Tier, Operation: m.Operation, Class: m.Class, ContextWindow: int64(m.Context)})
	}
	return list
}

// burden is how busy a node is: what its last heartbeat said, but for a pod the
// share of its slots that are taken, which is known without waiting for one. It
// bounds how long a session is worth staying for: a pod with half its slots free
// keeps it, a full one loses it to an idle one.
func (n *node) burden(held int) float64 {
	if n.info.Kind != "pod" || n.info.Slots < 1 {
		return n.load
	}
	return min(float64(held)/float64(n.info.Slots), 1)
}

// nobody is the code of a unit that nobody took in time.
func nobody(w *contracts.WorkUnit) contracts.Code {
	if w.Type == contracts.LLM {
		return contracts.CodeModelUnavailable
	}
	return contracts.CodeRegionUnavailable
}

// forPod adds what a pod is told beside the invocation: whose unit it is, what it
// may take, and what a lost pod had said.
func (st *state) forPod(u *p2p.Unit, n *node, l *live, unit int, calls dag.Calls) {
	salt := st.c.salt(l.Accepted.Tenant)
	u.Tenant, u.Session = opaque(salt, "tenant"), opaque(salt, string(l.ID))
	u.Allow = &p2p.Allowance{Tokens: calls.Tokens, Calls: int(calls.Calls)}
	one := speaker{voices: &l.voices, lease: u.Lease, unit: unit, name: l.Plan().Unit(unit).ID}
	u.Resume, u.Last = l.voices.begins(one), l.asksLast(unit)
	n.speakers.add(one)
}

// asksLast reports whether a unit is the last of its session that asks a model,
// as far as is known. It looks from the end, where most of what is left to do is.
func (l *live) asksLast(unit int) bool {
	for i := l.Plan().Len() - 1; i >= 0; i-- {
		if i != unit && l.Plan().Unit(i).Type == contracts.LLM && !l.Run().State(i).Final() {
			return false
		}
	}
	return true
}

// opaque names something by a hash that only this cluster can make: a pod can
// tell two sessions apart, and not whose they are.
func opaque(salt []byte, what string) string {
	h := sha256.New()
	h.Write(salt)
	h.Write([]byte(what))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// said stands for what a session has said so far, as if it were a block that its
// pod holds: placement then weighs staying there as it weighs blocks of CPU units.
func (l *live) said() cid.Cid { return dagcbor.RawCID([]byte("krako-session:" + string(l.ID))) }

// fuelPerToken makes tokens and fuel comparable in the sharing between tenants: a
// token of a small model takes about a millisecond of a processor, in which CPU
// units use about a million.
const fuelPerToken = 1_000_000

// asFuel is what a model did, in fuel; 0 for a CPU unit.
func asFuel(u *contracts.ModelUse) uint64 {
	if u == nil {
		return 0
	}
	return uint64(min(u.TokensIn+u.TokensOut, 1<<32)) * fuelPerToken
}
