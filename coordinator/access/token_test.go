package access

import (
	"fmt"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

func sample(n byte) Token {
	return NewToken([IDBytes]byte{n, 2, 3}, [SecretBytes]byte{n, 9, 8, 7})
}

func TestTokenIsReadBack(t *testing.T) {
	s := sample(1).Reveal()
	got, err := ParseToken(s)
	if err != nil || got != sample(1) || got.Reveal() != s {
		t.Errorf("%s came back as %s, %v", s, got.Reveal(), err)
	}
	if len(s) != len("kk_")+13+1+52 {
		t.Errorf("a token has %d characters", len(s))
	}
}

func TestTokenDoesNotPrintItsSecret(t *testing.T) {
	token := sample(1)
	_, secret, _ := strings.Cut(strings.TrimPrefix(token.Reveal(), "kk_"), "_")
	for _, verb := range []string{"%v", "%s", "%+v", "%#v", "%q"} {
		if out := fmt.Sprintf(verb, token); strings.Contains(out, secret) || !strings.Contains(out, token.ID) {
			t.Errorf("%s prints %s", verb, out)
		}
	}
}

func TestOtherTokensAreRefused(t *testing.T) {
	good := sample(1).Reveal()
	for name, s := range map[string]string{
		"empty": "", "prefix": "kk_", "no secret": good[:16], "short secret": good[:len(good)-1], "long secret": good + "a",
		"upper case": strings.ToUpper(good), "other prefix": "kx_" + good[3:], "space": " " + good, "newline": good + "\n",
		"padding": good[:len(good)-1] + "=", "loose last bits": good[:len(good)-1] + "b", "loose id bits": "kk_aebagaaaaaaab_" + good[17:],
	} {
		_, err := ParseToken(s)
		if contracts.CodeOf(err) != contracts.CodeAuth {
			t.Errorf("%s: %q is a token (%v)", name, s, err)
		} else if len(s) > 20 && strings.Contains(err.Error(), s[20:]) {
			t.Errorf("%s: the error quotes %v", name, err)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(sample(1).Reveal())
	f.Add("kk_a_b")
	f.Add("kk__")
	f.Fuzz(func(t *testing.T, s string) {
		token, err := ParseToken(s)
		if err == nil && token.Reveal() != s {
			t.Errorf("%q is read as %q", s, token.Reveal())
		}
		if err != nil && contracts.CodeOf(err) != contracts.CodeAuth {
			t.Errorf("%q: %v", s, err)
		}
	})
}

func TestHash(t *testing.T) {
	h := HashToken(sample(1), [SaltBytes]byte{1}, DefaultCost())
	if !h.Matches(sample(1)) || h.Matches(sample(2)) {
		t.Error("a hash takes one for another")
	}
	if (Hash{}).Matches(sample(1)) {
		t.Error("the zero hash matches")
	}
	h.Memory = 1 << 30 // what a broken log could say must not take a terabyte
	if h.Matches(sample(1)) {
		t.Error("a hash of absurd cost matches")
	}
}
