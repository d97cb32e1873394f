package sandbox

import (
	"crypto/sha256"
	"math/rand/v2"
)

// Entropy domains: initialisation draws from the module, a run from the unit,
// so that an instance that was initialised once can serve every unit.
const (
	entropyInit = "krako/entropy/init\x00"
	entropyUnit = "krako/entropy/unit\x00"
)

// read fills b from the stream of chacha8rand (https://c2sp.org/chacha8rand)
// whose seed is SHA-256(domain ‖ CID bytes).
func (e *entropy) read(b []byte) {
	if e.stream == nil {
		e.stream = rand.NewChaCha8(sha256.Sum256(append([]byte(e.domain), e.id.Bytes()...)))
	}
	_, _ = e.stream.Read(b) // documented never to fail
}

// randomGet(buf, len) costs one unit of fuel a byte.
func randomGet(x *execution, m memory, p []uint64) errno {
	b, ok := m.bytes(p[0], p[1])
	if !ok {
		return errnoFault
	}
	x.spend(uint64(len(b)))
	x.eachPiece(len(b), func(from, to int) { x.random.read(b[from:to]) })
	return errnoSuccess
}
