package p2p

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
)

const (
	rotationBlock = "KRAKO KEY ROTATION"
	nextSuffix    = ".next"
	pastSuffix    = ".rotations"
)

// RotateIdentity replaces the key stored at path by a new one. The old key signs
// that, and what it signed is kept beside the new one until ForgetRotations: a
// coordinator carries over what it knows of the old key. The old key itself is gone
// then. The caller makes sure that no process uses the identity.
//
// A rotation that was interrupted is finished by the next call, without making
// another key. The error is RESOURCE_EXHAUSTED when MaxRotations were told to no
// coordinator yet, and LoadIdentity's for a key that is not there or of no use.
func RotateIdentity(path string) (old, fresh Identity, err error) {
	if old, err = readIdentity(path); errors.Is(err, fs.ErrNotExist) {
		err = contracts.Errorf(contracts.CodeNotFound, path, "there is no key to replace: it is made at the first start")
	}
	if err != nil {
		return old, fresh, err
	}
	told, err := readRotations(path)
	if err != nil {
		return old, fresh, err
	}
	if fresh, err = LoadIdentity(path + nextSuffix); err != nil {
		return old, fresh, err
	}
	told = leadingTo(told, old.ID())
	if len(told) >= MaxRotations {
		return old, fresh, contracts.Errorf(contracts.CodeResourceExhausted, path, "%d rotations were told to no coordinator yet; start it and let it join first", len(told))
	}
	statement, err := contracts.SealRotation(old.Private(), contracts.NodeID(fresh.ID()), contracts.Time{Time: time.Now().UTC()})
	if err != nil {
		return old, fresh, err
	}
	if err := writeRotations(path, append(told, statement)); err != nil {
		return old, fresh, fmt.Errorf("keep rotation: %w", err)
	}
	if err := os.Rename(path+nextSuffix, path); err != nil {
		return old, fresh, fmt.Errorf("put the new key in the old one's place: %w", err)
	}
	return old, fresh, syncDir(filepath.Dir(path))
}

// Rotations returns what former keys of the identity signed that no coordinator was
// told of yet, the oldest first.
func Rotations(path string, id Identity) ([][]byte, error) {
	told, err := readRotations(path)
	return leadingTo(told, id.ID()), err
}

// ForgetRotations drops them: a coordinator has recorded them.
func ForgetRotations(path string) error {
	if err := os.Remove(path + pastSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// leadingTo leaves out a statement whose key never took the old one's place.
func leadingTo(told [][]byte, id string) [][]byte {
	for i := len(told) - 1; i >= 0; i-- {
		if r, err := contracts.OpenRotation(told[i]); err == nil && string(r.New) == id {
			return told[:i+1]
		}
	}
	return nil
}

func readRotations(path string) ([][]byte, error) {
	text, err := os.ReadFile(path + pastSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var told [][]byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if _, err := contracts.OpenRotation(block.Bytes); block.Type != rotationBlock || err != nil {
			return nil, contracts.Errorf(contracts.CodeValidation, path+pastSuffix, "holds something that is no key rotation; move the file away to give up what the old key earned")
		}
		told = append(told, block.Bytes)
	}
	return told, nil
}

func writeRotations(path string, told [][]byte) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".rotations-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	for _, s := range told {
		if err := pem.Encode(temp, &pem.Block{Type: rotationBlock, Bytes: s}); err != nil {
			return errors.Join(err, temp.Close())
		}
	}
	if err := errors.Join(temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path+pastSuffix); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// ReadToken reads a token for nodes that is given, or the one in a file; nil if
// neither is given. Errors are *contracts.Error and quote no
// secret.
func ReadToken(token, file string) (*contracts.NodeToken, error) {
	switch {
	case token != "" && file != "":
		return nil, contracts.Errorf(contracts.CodeValidation, "token", "is given twice, once in a file")
	case token == "" && file == "":
		return nil, nil
	case file != "":
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, contracts.Errorf(contracts.CodeValidation, "token_file", "%w", err)
		}
		token = strings.TrimSpace(string(text))
	}
	t, err := contracts.ParseNodeToken(token)
	if err != nil {
		return nil, err
	}
	return &t, nil
}
