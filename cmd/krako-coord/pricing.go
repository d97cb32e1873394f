package main

import (
	"context"
	"fmt"
	"os"

	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/internal/cli"
)

// keepPrices puts the price plan of a file into force, unless it is already.
func keepPrices(ctx context.Context, c *coordinator.Coordinator, file string) error {
	if file == "" {
		return nil
	}
	doc, err := os.ReadFile(file)
	if err != nil {
		return &cli.UsageError{Err: fmt.Errorf("read price plan: %w", err)}
	}
	if err := c.SetPrices(ctx, access.Operator(), doc); err != nil {
		return fmt.Errorf("put prices of %s into force: %w", file, err)
	}
	return nil
}
