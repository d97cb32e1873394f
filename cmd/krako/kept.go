package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/internal/cli"
)

// verifyKept checks a receipt or a proof of equivocation that was kept in a file.
// It asks nobody.
func (a *app) verifyKept(name string, kept []byte) error {
	if !bytes.HasPrefix(bytes.TrimSpace(kept), []byte("{")) {
		proof, err := contracts.DecodeEquivocation(kept)
		if err != nil {
			return err
		}
		who, err := proof.Verify()
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(map[string]contracts.NodeID{"equivocated": who})
		}
		a.printf("node %s signed two results under one lease\n", who)
		return nil
	}
	var r contracts.Receipt
	if err := jcs.DecodeStrict(kept, &r); err != nil {
		return contracts.Errorf(contracts.CodeValidation, name, "%w", err)
	}
	v, err := r.Verify()
	if err != nil {
		return err
	}
	return a.printJSON(v)
}

func keepReceipt(name string, r *contracts.Receipt) error {
	doc, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode receipt: %w", err)
	}
	return cli.WriteFile(name, append(doc, '\n'))
}
