package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/internal/cli"
)

// operatorKeyFile is in the data directory, readable by its owner only: whoever
// may read the coordinator's data may operate it. The tools of the same user find
// it there, so that on one machine nobody has to handle keys.
const operatorKeyFile = "admin.key"

// keepOperatorKey sees to it that the file holds a valid operator's key: at the
// first start, and when the file was deleted or its key revoked. Coordinators that
// share a log have a key each; peer tells them apart.
func keepOperatorKey(ctx context.Context, c *coordinator.Coordinator, peer, path string) error {
	stored, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read operator's key: %w", err)
	}
	if operates(c, strings.TrimSpace(string(stored))) {
		return nil
	}
	note := "admin.key of coordinator " + peer
	if err := revokeLost(ctx, c, note); err != nil {
		return err
	}
	made, err := c.NewKey(ctx, access.Operator(), contracts.KeyRequest{
		Tenant: contracts.EveryTenant, Scopes: []contracts.Scope{contracts.ScopeAdmin}, Note: note,
	})
	if err != nil {
		return fmt.Errorf("make operator's key: %w", err)
	}
	return cli.WriteFile(path, []byte(made.Key+"\n"))
}

// operates reports whether a key is valid and an operator's.
func operates(c *coordinator.Coordinator, key string) bool {
	t, err := access.ParseToken(key)
	if err != nil {
		return false
	}
	who, hash, err := c.Holder(t.ID)
	return err == nil && who.May(contracts.ScopeAdmin) && who.Sees(contracts.EveryTenant) && hash.Matches(t)
}

// revokeLost ends the keys that were in the file before: nobody has them now, or
// nobody should.
func revokeLost(ctx context.Context, c *coordinator.Coordinator, note string) error {
	keys, err := c.Keys(ctx, access.Operator())
	if err != nil {
		return err
	}
	for _, k := range keys.Keys {
		if k.Note != note || k.RevokedAt != nil {
			continue
		}
		if err := c.RevokeKey(ctx, access.Operator(), k.ID); err != nil {
			return fmt.Errorf("revoke lost operator's key: %w", err)
		}
	}
	return nil
}
