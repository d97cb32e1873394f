package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/kora/local"
	"github.com/krako-labs/krako/kora/plan"
)

// routesFile is what --routes names: plan.Routes with the classifier as a file
// beside it.
type routesFile struct {
	plan.Routes
	Model string `json:"model,omitempty"`
}

// readRoutes reads the file of --routes. The classifier's block is named, and
// stored by storeRoutes where a backend needs it.
func (a *app) readRoutes() (*plan.Routes, error) {
	if a.routes == "" {
		return nil, nil
	}
	f, err := a.routesFile()
	if err != nil {
		return nil, err
	}
	if f.Model != "" {
		model, err := cli.ReadInput(a.beside(f.Model))
		if err != nil {
			return nil, err
		}
		f.Routes.Model = &contracts.Link{Cid: dagcbor.RawCID(model)}
	}
	return &f.Routes, nil
}

func (a *app) routesFile() (*routesFile, error) {
	b, err := cli.ReadInput(a.routes)
	if err != nil {
		return nil, err
	}
	f := new(routesFile)
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, a.routes, "%w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, contracts.Errorf(contracts.CodeValidation, a.routes, "has something behind the document")
	}
	return f, nil
}

// beside is a file's path as the routes file means it.
func (a *app) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(a.routes), name)
}

// storeRoutes puts the classifier of --routes where a backend finds it.
func (a *app) storeRoutes(ctx context.Context, k *local.Local) error {
	if a.routes == "" {
		return nil
	}
	f, err := a.routesFile()
	if err != nil || f.Model == "" {
		return err
	}
	model, err := cli.ReadInput(a.beside(f.Model))
	if err != nil {
		return err
	}
	_, err = k.Blocks.PutBlock(ctx, cid.Raw, model)
	return err
}
