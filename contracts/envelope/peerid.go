package envelope

import (
	"bytes"
	"crypto/ed25519"

	"github.com/mr-tron/base58"
)

// identityHash begins a peer id: the multihash function "identity" and the
// length of the public key message that follows as it is.
const identityHash = "\x00\x24"

// PeerID returns the libp2p peer id of a public key, "12D3Koo…": the base58btc
// form of the identity multihash of its protobuf message. It panics if pub is
// not ed25519.PublicKeySize bytes long.
func PeerID(pub ed25519.PublicKey) string {
	if len(pub) != ed25519.PublicKeySize {
		panic("envelope: bad Ed25519 public key length")
	}
	return base58.Encode(append([]byte(identityHash+keyHeader), pub...))
}

// ParsePeerID returns the public key that a peer id holds. It refuses peer ids
// of other kinds of keys, which do not hold one. The error is an *Error.
func ParsePeerID(id string) (ed25519.PublicKey, error) {
	const prefix = identityHash + keyHeader
	// The bound comes first because decoding base58 takes quadratic time.
	if len(id) > 64 {
		return nil, refuse("peer id of %d bytes", len(id))
	}
	b, err := base58.Decode(id)
	if err != nil || len(b) != len(prefix)+ed25519.PublicKeySize || !bytes.HasPrefix(b, []byte(prefix)) {
		return nil, refuse("%q is not the peer id of an Ed25519 key", id)
	}
	return ed25519.PublicKey(b[len(prefix):]), nil
}
