package conformance

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
)

// The guests are built from their sources beside them by
// scripts/build-conformance-guests.
var (
	//go:embed guests/reactor.wasm
	reactorWasm []byte
	//go:embed guests/command.wasm
	commandWasm []byte
	//go:embed guests/checker.wasm
	checkerWasm []byte
	//go:embed guests/foreign.wasm
	foreignWasm []byte
)

// guests are the modules that units run: a reactor with an entry for each
// purpose, a WASI command, one that checks outputs, a reactor that imports what the
// profile does not have, and a block that is no module at all.
type guests struct{ reactor, command, checker, foreign, noise contracts.Link }

func putGuests(ctx context.Context, to contracts.BlockStore) (guests, error) {
	var g guests
	for _, m := range []struct {
		link *contracts.Link
		data []byte
	}{{&g.reactor, reactorWasm}, {&g.command, commandWasm}, {&g.checker, checkerWasm}, {&g.foreign, foreignWasm}, {&g.noise, []byte("this is no WebAssembly")}} {
		id, err := to.PutBlock(ctx, cid.Raw, m.data)
		if err != nil {
			return g, fmt.Errorf("put guest: %w", err)
		}
		m.link.Cid = id
	}
	return g, nil
}
