package p2p

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// Keys replace each other; what they signed leads from the first to the last.
func TestRotateIdentity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity.key")
	if _, _, err := RotateIdentity(path); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Fatalf("without a key: %v", err)
	}
	first, err := LoadIdentity(path)
	if err != nil {
		t.Fatal(err)
	}
	last := first
	for i := range MaxRotations {
		old, fresh, err := RotateIdentity(path)
		if err != nil || old.ID() != last.ID() {
			t.Fatalf("rotation %d of %s, not %s: %v", i, old, last, err)
		}
		last = fresh
	}
	if _, _, err := RotateIdentity(path); contracts.CodeOf(err) != contracts.CodeResourceExhausted {
		t.Errorf("one rotation more than a Hello carries: %v", err)
	}
	now, err := LoadIdentity(path)
	if err != nil || now.ID() != last.ID() {
		t.Fatalf("the key is %s, not %s (%v)", now, last, err)
	}
	told, err := Rotations(path, now)
	if err != nil || len(told) != MaxRotations {
		t.Fatalf("%d statements (%v)", len(told), err)
	}
	at := contracts.NodeID(first.ID())
	for i, s := range told {
		r, err := contracts.OpenRotation(s)
		if err != nil || r.Old != at {
			t.Fatalf("statement %d: %+v (%v)", i, r, err)
		}
		at = r.New
	}
	if string(at) != now.ID() {
		t.Errorf("they lead to %s, not %s", at, now)
	}
	if err := ForgetRotations(path); err != nil {
		t.Fatal(err)
	}
	if told, err := Rotations(path, now); err != nil || len(told) != 0 {
		t.Errorf("%d statements after they were forgotten (%v)", len(told), err)
	}
	if err := ForgetRotations(path); err != nil {
		t.Errorf("nothing to forget: %v", err)
	}
}

// A rotation is cut off before the new key is in place: the old one is in use, and
// the next attempt finishes it with the key that was made.
func TestRotationGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity.key")
	old, err := LoadIdentity(path)
	if err != nil {
		t.Fatal(err)
	}
	made, err := LoadIdentity(path + nextSuffix)
	if err != nil {
		t.Fatal(err)
	}
	s, err := contracts.SealRotation(old.Private(), contracts.NodeID(made.ID()), contracts.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if err := writeRotations(path, [][]byte{s}); err != nil {
		t.Fatal(err)
	}
	if told, err := Rotations(path, old); err != nil || len(told) != 0 {
		t.Errorf("a key that is in use says that it was replaced: %d statements (%v)", len(told), err)
	}
	_, fresh, err := RotateIdentity(path)
	if err != nil || fresh.ID() != made.ID() {
		t.Fatalf("the new key is %s, not %s (%v)", fresh, made, err)
	}
	if told, err := Rotations(path, fresh); err != nil || len(told) != 1 {
		t.Errorf("%d statements (%v)", len(told), err)
	}
	if err := os.WriteFile(path+pastSuffix, []byte("-----BEGIN KRAKO KEY ROTATION-----\nAAAA\n-----END KRAKO KEY ROTATION-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Rotations(path, fresh); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestReadToken(t *testing.T) {
	token := contracts.NewNodeToken([8]byte{1}, [32]byte{2})
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token.Reveal()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadToken("", file); err != nil || got.Reveal() != token.Reveal() {
		t.Errorf("%v (%v)", got, err)
	}
	if got, err := ReadToken("", ""); got != nil || err != nil {
		t.Errorf("%v (%v)", got, err)
	}
	for name, args := range map[string][2]string{
		"both": {token.Reveal(), file}, "no file": {"", file + ".gone"}, "cut off": {token.Reveal()[:40], ""}, "an API key": {"kk_" + token.Reveal()[3:], ""},
	} {
		if _, err := ReadToken(args[0], args[1]); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%s: %v", name, err)
		}
	}
}
