package reasoner

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// probeTimeout bounds finding out whether a server is there.
const probeTimeout = 2 * time.Second

// usual is where servers listen that nobody configured.
var usual = []Endpoint{
	{Kind: LlamaCPP, URL: "http://127.0.0.1:8080"},
	{Kind: LlamaCPP, URL: "http://127.0.0.1:9931"}, // Debian's
	{Kind: Ollama, URL: "http://127.0.0.1:11434"},
	{Kind: LMStudio, URL: "http://127.0.0.1:1234"},
}

// Usual returns where servers listen that nobody configured.
func Usual() []Endpoint { return slices.Clone(usual) }

// Found is a server that runs.
type Found struct {
	Endpoint
	// Version is what it says of itself, "" if nothing.
	Version string
}

// Detect looks for servers at endpoints, all at once, and returns those that run
// and are what they are thought to be. It sends no prompt and loads no model.
func Detect(ctx context.Context, endpoints []Endpoint) []Found {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	found := make([]*Found, len(endpoints))
	var wg sync.WaitGroup
	for i, e := range endpoints {
		wg.Go(func() {
			if version, err := probe(ctx, e); err == nil {
				found[i] = &Found{e, version}
			}
		})
	}
	wg.Wait()
	var all []Found
	for _, f := range found {
		if f != nil {
			all = append(all, *f)
		}
	}
	return all
}

// probe asks a server what only its kind answers.
func probe(ctx context.Context, e Endpoint) (version string, err error) {
	if err := e.Validate(); err != nil {
		return "", err
	}
	w := e.wire()
	switch e.Kind {
	case Ollama:
		var v struct {
			Version string `json:"version"`
		}
		err = w.Get(ctx, "/api/version", &v)
		return v.Version, either(err, v.Version != "")
	case LMStudio:
		_, err = (&openAI{w, e.URL, LMStudio}).models(ctx)
		return "", err
	}
	var v struct {
		Build string `json:"build_info"`
		Slots int    `json:"total_slots"`
	}
	err = w.Get(ctx, "/props", &v)
	return v.Build, either(err, v.Build != "" || v.Slots > 0)
}

func either(err error, ok bool) error {
	if err == nil && !ok {
		return contracts.Errorf(contracts.CodeUnsupported, "server", "is of another kind")
	}
	return err
}
