package transparency

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/krako-labs/krako/contracts"
)

// maxCheckpoint bounds a checkpoint in bytes: three lines and some signatures.
const maxCheckpoint = 4 << 10

// Checkpoint is the state of a log at one size.
type Checkpoint struct {
	Origin string // of the log; see Origin
	Size   int64
	Root   Hash
}

// Origin names the log of a cluster in checkpoints and keys.
func Origin(cluster string) string { return "krako/log/" + cluster }

// Text returns the body of a checkpoint in the form of C2SP tlog-checkpoint:
// origin, size and root, a line each.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

// parse is the inverse of Text; lines behind the third are extensions.
func parse(text string) (Checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 {
		return Checkpoint{}, malformed("has fewer than three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, malformed("size is no number")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(Hash{}) {
		return Checkpoint{}, malformed("root is no hash")
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: Hash(root)}, nil
}

func malformed(why string) error {
	return contracts.Errorf(contracts.CodeValidation, "checkpoint", "%s", why)
}

// Key signs checkpoints: Ed25519, in the text form of C2SP signed-note.
type Key struct {
	signer note.Signer
	secret string
	public string
}

// NewKey makes a key for the log of a cluster.
func NewKey(cluster string) (Key, error) {
	secret, public, err := note.GenerateKey(rand.Reader, Origin(cluster))
	if err != nil {
		return Key{}, fmt.Errorf("make checkpoint key: %w", err)
	}
	return LoadKey(secret + "\n" + public + "\n")
}

// LoadKey reads what Key.Secret returned.
func LoadKey(text string) (Key, error) {
	secret, public, _ := strings.Cut(strings.TrimSpace(text), "\n")
	signer, err := note.NewSigner(secret)
	if err != nil {
		return Key{}, contracts.Errorf(contracts.CodeValidation, "checkpoint key", "%w", err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil || verifier.Name() != signer.Name() || verifier.KeyHash() != signer.KeyHash() {
		return Key{}, contracts.Errorf(contracts.CodeValidation, "checkpoint key", "its two lines do not belong together")
	}
	return Key{signer: signer, secret: secret, public: public}, nil
}

// Secret returns both halves of the key, a line each.
func (k Key) Secret() string { return k.secret + "\n" + k.public + "\n" }

// Public returns the verifier key that clients check checkpoints with.
func (k Key) Public() string { return k.public }

// Sign returns c as a signed note.
func (k Key) Sign(c Checkpoint) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: c.Text()}, k.signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return signed, nil
}

// Open checks a signed checkpoint against one of the public keys and returns what
// it says. The error is a VALIDATION_ERROR.
func Open(signed []byte, keys ...string) (Checkpoint, error) {
	if len(signed) > maxCheckpoint {
		return Checkpoint{}, malformed("is too long")
	}
	var verifiers []note.Verifier
	for _, k := range keys {
		v, err := note.NewVerifier(strings.TrimSpace(k))
		if err != nil {
			return Checkpoint{}, contracts.Errorf(contracts.CodeValidation, "checkpoint key", "%w", err)
		}
		verifiers = append(verifiers, v)
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return Checkpoint{}, contracts.Errorf(contracts.CodeValidation, "checkpoint", "%w", err)
	}
	c, err := parse(n.Text)
	if err == nil && n.Sigs[0].Name != c.Origin {
		err = malformed("is signed for another log")
	}
	return c, err
}

// Peek returns what a checkpoint says without checking who says it.
func Peek(signed []byte) (Checkpoint, error) {
	if len(signed) > maxCheckpoint {
		return Checkpoint{}, malformed("is too long")
	}
	return parse(string(signed))
}
