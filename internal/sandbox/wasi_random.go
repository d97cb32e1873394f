package sandbox

import (
	"crypto/sha256"
	"math/rand/v2"

	"github.com/ipfs/go-cid"
)

// Entropy domains: initialisation draws from the module, a run from the unit,
// so that an instance that was initialised once can serve every unit.
const (
	entropyInit = "krako/entropy/init\x00"
	entropyUnit = "krako/entropy/unit\x00"
)

// seed keys a random stream with SHA-256(domain ‖ CID bytes). The generator is
// chacha8rand (https://c2sp.org/chacha8rand), read as a stream of bytes.
func seed(r *rand.ChaCha8, domain string, id cid.Cid) {
	r.Seed(sha256.Sum256(append([]byte(domain), id.Bytes()...)))
}

// randomGet(buf, len)
func randomGet(x *execution, m memory, p []uint64) errno {
	b, ok := m.bytes(p[0], p[1])
	if !ok {
		return errnoFault
	}
	_, _ = x.random.Read(b) // documented never to fail
	return errnoSuccess
}
