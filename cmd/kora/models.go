package main

import (
	"context"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/reasoner"
)

// modelFlags say which models may be asked.
type modelFlags struct {
	servers []string
	none    bool
	remote  bool
	name    string
	plans   bool
}

// models returns the models of this machine, nil if there are none or none is to be
// asked. Servers that were named are taken as they are; else those that run where
// servers usually listen.
func (a *app) models(ctx context.Context) (*reasoner.Reasoner, error) {
	if a.model.none {
		return nil, nil
	}
	var at []reasoner.Endpoint
	for _, s := range a.model.servers {
		e, err := reasoner.ParseEndpoint(s)
		if contracts.CodeOf(err) == contracts.CodePrivacyViolation && a.model.remote {
			e.Remote = true
			err = e.Validate()
		}
		if contracts.CodeOf(err) == contracts.CodePrivacyViolation {
			return nil, contracts.Errorf(contracts.CodePrivacyViolation, s, "is not this computer; --allow-remote-models lets what is asked leave it")
		}
		if err != nil {
			return nil, err
		}
		at = append(at, e)
	}
	if len(a.model.servers) == 0 {
		for _, f := range reasoner.Detect(ctx, reasoner.Usual()) {
			at = append(at, f.Endpoint)
		}
	}
	if len(at) == 0 {
		return nil, nil
	}
	return reasoner.New(at, reasoner.Options{Default: a.model.name})
}
