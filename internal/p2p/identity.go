package p2p

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/krako-labs/krako/contracts"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	keyBlock   = "PRIVATE KEY" // PKCS #8 (RFC 5958) in PEM (RFC 7468)
	maxKeyFile = 4 << 10
)

// Identity is an Ed25519 key pair and the libp2p peer id that stands for it: the
// name under which a machine connects, signs results and earns trust. It
// prints as its peer id. The zero Identity is unusable.
type Identity struct {
	key ed25519.PrivateKey
	id  peer.ID
}

// NewIdentity makes an identity that lives only in memory.
func NewIdentity() (Identity, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Identity{}, fmt.Errorf("generate key: %w", err)
	}
	return identityOf(key)
}

// LoadIdentity reads the identity stored at path, a PKCS #8 PEM file readable
// by its owner alone. If there is none it makes one: the directory with mode
// 0700, the file with mode 0600, complete or not at all, and never in the place
// of an existing file. Of several processes that start at once all get the same
// identity. A file that exists but cannot be used is an error, *contracts.Error
// with the path as Offender: a lost key is a lost identity, so nothing is
// repaired or replaced.
func LoadIdentity(path string) (Identity, error) {
	id, err := readIdentity(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	fresh, err := NewIdentity()
	if err != nil {
		return Identity{}, err
	}
	if err := fresh.store(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return Identity{}, contracts.Errorf(contracts.CodeInternal, path, "store identity: %w", err)
	}
	return readIdentity(path)
}

func identityOf(key ed25519.PrivateKey) (Identity, error) {
	public, err := crypto.UnmarshalEd25519PublicKey(key.Public().(ed25519.PublicKey))
	if err != nil {
		return Identity{}, fmt.Errorf("encode public key: %w", err)
	}
	id, err := peer.IDFromPublicKey(public)
	if err != nil {
		return Identity{}, fmt.Errorf("derive peer id: %w", err)
	}
	return Identity{key: key, id: id}, nil
}

// ID returns the peer id in its text form, "12D3KooW…".
func (i Identity) ID() string { return i.id.String() }

// Public returns the public key.
func (i Identity) Public() ed25519.PublicKey { return i.key.Public().(ed25519.PublicKey) }

// Private returns the private key, for signing envelopes.
func (i Identity) Private() ed25519.PrivateKey { return i.key }

// Sign returns the Ed25519 signature of message.
func (i Identity) Sign(message []byte) []byte { return ed25519.Sign(i.key, message) }

// String returns the peer id, so that a printed Config shows no key.
func (i Identity) String() string { return i.ID() }

// GoString is String, for the verb %#v.
func (i Identity) GoString() string { return i.ID() }

func readIdentity(path string) (Identity, error) {
	file, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return Identity{}, err
		}
		return Identity{}, contracts.Errorf(contracts.CodeAuth, path, "open identity: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Identity{}, contracts.Errorf(contracts.CodeInternal, path, "inspect identity: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Identity{}, contracts.Errorf(contracts.CodeValidation, path, "identity is not a regular file; move it away or choose another path")
	}
	if err := checkMode(path, info.Mode()); err != nil {
		return Identity{}, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return Identity{}, contracts.Errorf(contracts.CodeInternal, path, "read identity: %w", err)
	}
	return parseIdentity(path, text)
}

func parseIdentity(path string, text []byte) (Identity, error) {
	bad := func(format string, args ...any) (Identity, error) {
		return Identity{}, contracts.Errorf(contracts.CodeValidation, path,
			format+"; restore the file from a backup, or move it away to start as a new identity", args...)
	}
	block, _ := pem.Decode(text)
	switch {
	case len(text) > maxKeyFile:
		return bad("identity is longer than %d bytes", maxKeyFile)
	case block == nil:
		return bad("identity of %d bytes is truncated or not PEM", len(text))
	case block.Type != keyBlock:
		return bad("identity holds a PEM block %.40q, not %q", block.Type, keyBlock)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return bad("identity is corrupt: %w", err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return bad("identity is a %T, not an Ed25519 key", parsed)
	}
	return identityOf(key)
}

// store writes the key beside path and then links it there, which fails when
// path exists: no reader sees half a key, and no key is overwritten.
func (i Identity) store(path string) (err error) {
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		return fmt.Errorf("encode key: %w", err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, ".identity-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(temp.Name())) }()
	err = pem.Encode(temp, &pem.Block{Type: keyBlock, Bytes: der})
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}
