package main

import (
	"context"
	"time"

	"github.com/krako-labs/krako/kora/reasoner"
	"github.com/krako-labs/krako/studio"
)

// listIn bounds how long Studio waits for servers to say which models they have.
const listIn = 2 * time.Second

// studioModels returns the models that Studio may ask, nil if none is to be asked.
// Without servers that were named it stays on the look-out where servers usually
// listen: one that is started later is found.
func (a *app) studioModels(ctx context.Context) (*reasoner.Reasoner, error) {
	if a.model.none || len(a.model.servers) > 0 {
		return a.models(ctx)
	}
	return reasoner.New(reasoner.Usual(), reasoner.Options{Default: a.model.name})
}

// listModels is what Studio shows of r's models.
func listModels(r *reasoner.Reasoner) func(context.Context) []studio.Model {
	names := map[reasoner.Kind]string{reasoner.LlamaCPP: "llama.cpp", reasoner.Ollama: "Ollama", reasoner.LMStudio: "LM Studio"}
	return func(ctx context.Context) []studio.Model {
		ctx, cancel := context.WithTimeout(ctx, listIn)
		defer cancel()
		found, err := r.Models(ctx)
		if err != nil {
			return nil // no server answers, which is no model
		}
		var models []studio.Model
		for i := range found {
			if m := &found[i]; !m.Embeds {
				models = append(models, studio.Model{Name: m.Name, Server: names[m.Kind], Tier: string(m.Tier()), Ready: true})
			}
		}
		return models
	}
}
