package llmpod

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/durable"
	"github.com/krako-labs/krako/internal/p2p"
)

func identityFile(dataDir string) string { return filepath.Join(dataDir, "identity.key") }

// present adds to a Hello what the pod proves of itself to one coordinator: that it
// holds a token, and by which keys it was known before.
func (a *Agent) present(h p2p.Hello, coordinator string) (p2p.Hello, error) {
	var err error
	if a.token != nil {
		h.Enrol, err = a.token.Enrol(a.ID(), contracts.NodeID(coordinator), h.Kind)
	}
	h.Rotations = a.rotations
	return h, err
}

// presented notes that a coordinator has recorded what was presented.
func (a *Agent) presented() {
	if len(a.rotations) == 0 {
		return
	}
	a.rotations = nil
	if err := p2p.ForgetRotations(identityFile(a.cfg.DataDir)); err != nil {
		a.log.Warn("rotation is told once more at the next start", "error", err)
	}
}

// Rotate gives the pod of a data directory, which must not run, a new key, and
// returns both names. The coordinator that it joins next carries over what it knows
// of it and refuses the old key from then on. Errors are *contracts.Error: CONFLICT
// while the pod runs, NOT_FOUND when it never did.
func Rotate(dataDir string) (was, now contracts.NodeID, err error) {
	lock, err := durable.Lock(filepath.Join(dataDir, "lock"))
	switch {
	case errors.Is(err, durable.ErrLocked):
		return "", "", contracts.Errorf(contracts.CodeConflict, dataDir, "data directory is in use: %w", err)
	case err != nil:
		return "", "", fmt.Errorf("lock data directory: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	old, fresh, err := p2p.RotateIdentity(identityFile(dataDir))
	if err != nil {
		return "", "", err
	}
	return contracts.NodeID(old.ID()), contracts.NodeID(fresh.ID()), nil
}
