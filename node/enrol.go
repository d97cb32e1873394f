package node

import (
	"errors"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
)

// present adds to a Hello what the node proves of itself to one coordinator: that it
// holds a token, and by which keys it was known before.
func (a *Agent) present(h p2p.Hello, coordinator string) (p2p.Hello, error) {
	var err error
	if a.token != nil {
		h.Enrol, err = a.token.Enrol(a.id, contracts.NodeID(coordinator), h.Kind)
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
	if err := p2p.ForgetRotations(a.dir.identity()); err != nil {
		a.log.Warn("rotation is told once more at the next start", "error", err)
	}
}

// Rotate gives the node of a data directory, which must not run, a new key, and
// returns both names. The coordinator that it joins next carries over what it knows
// of it and refuses the old key from then on. Errors are *contracts.Error: CONFLICT
// while the node runs, NOT_FOUND when it never did.
func Rotate(dataDir string) (was, now contracts.NodeID, err error) {
	dir, err := openDataDir(dataDir)
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, dir.close()) }()
	old, fresh, err := p2p.RotateIdentity(dir.identity())
	if err != nil {
		return "", "", err
	}
	return contracts.NodeID(old.ID()), contracts.NodeID(fresh.ID()), nil
}
