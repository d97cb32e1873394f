package access

import (
	"encoding/base32"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// The sizes of a token's parts in bytes.
const (
	IDBytes     = 8
	SecretBytes = 32
)

const tokenPrefix = "kk_"

// spelling is base32 in lower case: no character of it needs escaping or is
// mistaken for another.
var spelling = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Token is an API key as its holder has it: kk_<id>_<secret>. The id is public;
// it stands in lists and logs.
type Token struct {
	ID     string
	secret [SecretBytes]byte
}

// NewToken makes a token of random bytes.
func NewToken(id [IDBytes]byte, secret [SecretBytes]byte) Token {
	return Token{spelling.EncodeToString(id[:]), secret}
}

// ParseToken reads a token. It accepts exactly what Token.Reveal returns; the
// error quotes nothing of s, which may be a secret of something else.
func ParseToken(s string) (Token, error) {
	id, secret, ok := strings.Cut(strings.TrimPrefix(s, tokenPrefix), "_")
	if !ok || !strings.HasPrefix(s, tokenPrefix) {
		return Token{}, malformed("it does not have the form kk_<id>_<secret>")
	}
	var t Token
	if raw, err := spelling.DecodeString(id); err != nil || len(raw) != IDBytes || spelling.EncodeToString(raw) != id {
		return Token{}, malformed("its id is mistyped")
	}
	raw, err := spelling.DecodeString(secret)
	if err != nil || len(raw) != SecretBytes || spelling.EncodeToString(raw) != secret {
		return Token{}, malformed("its secret is mistyped or not whole")
	}
	t.ID = id
	copy(t.secret[:], raw)
	return t, nil
}

func malformed(why string) error {
	return contracts.Errorf(contracts.CodeAuth, "Authorization", "this is no API key: %s", why)
}

// Reveal returns the token with its secret, for the one who is to hold it.
func (t Token) Reveal() string {
	return tokenPrefix + t.ID + "_" + spelling.EncodeToString(t.secret[:])
}

// String returns the token without its secret, so that none gets into a log.
func (t Token) String() string { return tokenPrefix + t.ID + "_…" }

// GoString is String, for %#v.
func (t Token) GoString() string { return t.String() }
