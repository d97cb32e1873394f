package p2p

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/envelope"
)

func TestIdentityIsMadeOnceAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "node.key")
	first, err := LoadIdentity(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadIdentity(path)
	if err != nil || again.ID() != first.ID() {
		t.Fatalf("loaded %s, %v, made %s", again, err, first)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) != 0 {
		t.Errorf("left behind %v", left)
	}
	if runtime.GOOS == "windows" {
		return // has no mode bits
	}
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(p)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v, want %v", p, info.Mode(), err, want)
		}
	}
}

func TestIdentityIsTheEnvelopes(t *testing.T) {
	id := newTestIdentity(t)
	if id.ID() != envelope.PeerID(id.Public()) || !strings.HasPrefix(id.ID(), "12D3KooW") {
		t.Errorf("peer id %s, envelope says %s", id.ID(), envelope.PeerID(id.Public()))
	}
	message := []byte("message")
	if !ed25519.Verify(id.Public(), message, id.Sign(message)) || !id.Private().Public().(ed25519.PublicKey).Equal(id.Public()) {
		t.Error("keys do not belong together")
	}
}

func TestIdentityPrintsNoKey(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Identity = newTestIdentity(t)
	printed := fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg.Identity)
	for _, form := range []string{
		fmt.Sprint([]byte(cfg.Identity.key[:4])), fmt.Sprintf("%x", cfg.Identity.key[:8]),
		base64.StdEncoding.EncodeToString(cfg.Identity.key[:9]), "ed25519",
	} {
		if strings.Contains(printed, strings.Trim(form, "[]")) {
			t.Errorf("printed %s shows %s", printed, form)
		}
	}
}

func TestConcurrentStartsShareOneIdentity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node.key")
	ids := make([]Identity, 16)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			var err error
			if ids[i], err = LoadIdentity(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		if id.ID() != ids[0].ID() {
			t.Fatalf("identities %s and %s", id, ids[0])
		}
	}
}

func pemKey(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der})
}

func TestUnusableIdentityIsAnErrorAndStays(t *testing.T) {
	good := pemKey(t, newTestIdentity(t).Private())
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text []byte
		mode os.FileMode
		code contracts.Code
		says string
	}{
		"empty":           {nil, 0o600, contracts.CodeValidation, "truncated or not PEM"},
		"cut short":       {good[:len(good)-20], 0o600, contracts.CodeValidation, "truncated or not PEM"},
		"corrupt head":    {bytes.Replace(good, []byte("MC4C"), []byte("MC4D"), 1), 0o600, contracts.CodeValidation, "corrupt"},
		"not PEM":         {[]byte("hello"), 0o600, contracts.CodeValidation, "truncated or not PEM"},
		"too long":        {append(bytes.Clone(good), make([]byte, maxKeyFile)...), 0o600, contracts.CodeValidation, "longer than"},
		"other block":     {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}}), 0o600, contracts.CodeValidation, "CERTIFICATE"},
		"other key":       {pemKey(t, p256), 0o600, contracts.CodeValidation, "not an Ed25519 key"},
		"others may read": {good, 0o644, contracts.CodeAuth, "chmod 600"},
		"group may write": {good, 0o620, contracts.CodeAuth, "chmod 600"},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && c.mode != 0o600 {
				return // has no mode bits
			}
			path := filepath.Join(t.TempDir(), "node.key")
			if err := os.WriteFile(path, c.text, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := LoadIdentity(path)
			if contracts.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want %s with %q", err, c.code, c.says)
			}
			if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, c.text) {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
}

func TestIdentityIsNoDirectory(t *testing.T) {
	dir := t.TempDir()
	if _, err := LoadIdentity(dir); contracts.CodeOf(err) == contracts.CodeInternal || !strings.Contains(fmt.Sprint(err), dir) {
		t.Errorf("loaded a directory: %v", err)
	}
}

func TestStoreNeverReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node.key")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := newTestIdentity(t).store(path); !os.IsExist(err) && err == nil {
		t.Error("stored over an existing file")
	}
	if got, _ := os.ReadFile(path); string(got) != "precious" {
		t.Errorf("file holds %q", got)
	}
}
