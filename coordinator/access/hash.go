package access

import (
	"crypto/subtle"

	"golang.org/x/crypto/argon2"
)

// Hash is what is kept of a secret: argon2id of it and the parameters, so that
// later keys may have others.
type Hash struct {
	Salt []byte `cbor:"s"`
	Sum  []byte `cbor:"h"`
	Cost `cbor:"c"`
}

// Cost is what a hash costs.
type Cost struct {
	Time    uint32 `cbor:"t"`
	Memory  uint32 `cbor:"m"` // KiB
	Threads uint8  `cbor:"p"`
}

// SaltBytes is the length of a salt.
const SaltBytes = 16

// DefaultCost is the second choice of RFC 9106 with the memory
// that OWASP asks for: about 20 ms of a core. A secret of 256 random bits cannot
// be guessed anyhow; what this adds is that a stolen log is of no use even if
// the random source was weak.
func DefaultCost() Cost { return Cost{Time: 2, Memory: 19 << 10, Threads: 1} }

const hashBytes = 32

// HashToken hashes a token's secret.
func HashToken(t Token, salt [SaltBytes]byte, c Cost) Hash {
	h := Hash{Salt: salt[:], Cost: c}
	h.Sum = h.of(t)
	return h
}

// Matches reports whether h is of t's secret. It takes as long as HashToken,
// whatever the answer.
func (h Hash) Matches(t Token) bool {
	return h.sound() && subtle.ConstantTimeCompare(h.of(t), h.Sum) == 1
}

func (h Hash) of(t Token) []byte {
	return argon2.IDKey(t.secret[:], h.Salt, h.Time, h.Memory, h.Threads, hashBytes)
}

// sound bounds what a hash of the log can cost.
func (h Hash) sound() bool {
	return h.Time >= 1 && h.Time <= 16 && h.Memory >= 8 && h.Memory <= 256<<10 && h.Threads >= 1 && h.Threads <= 16 &&
		len(h.Salt) >= 8 && len(h.Sum) == hashBytes
}
