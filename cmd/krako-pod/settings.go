package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/server"
	"github.com/krako-labs/krako/internal/obs"
	"github.com/krako-labs/krako/llmpod"
	"github.com/spf13/pflag"
)

type settings struct {
	agent   llmpod.AgentConfig
	pool    llmpod.Config
	server  server.Config
	tier    string
	profile string
	attach  string
	key     string
	embed   bool
	models  []string
	loaded  int
	unload  time.Duration
	status  string
}

func (s *settings) flags(fs *pflag.FlagSet) {
	s.agent, s.pool, s.server = llmpod.DefaultAgentConfig(), llmpod.DefaultConfig(), server.DefaultConfig()
	s.agent.DataDir, _ = cli.DataDir("pod") // empty where there is no home: complete asks for it
	s.agent.Version = cli.Version()
	a, p, c := &s.agent, &s.pool, &s.server
	c.Alias = ""
	fs.SortFlags = false
	fs.StringSliceVar(&s.models, "model", []string{}, "GGUF file to serve; may be repeated, each with slots of its own")
	fs.IntVar(&s.loaded, "loaded", 0, "how many of several models fit into memory at once; 0 all of them")
	fs.DurationVar(&s.unload, "unload-after", 0, "end a model that nobody has asked for so long; 0 keeps it loaded")
	fs.StringVar(&c.HF, "hf", "", "Hugging Face repository to serve from, as user/model[:quant]; llama-server downloads it")
	fs.StringVar(&s.attach, "attach", "", "URL of a llama-server that runs already; its flags are yours to choose")
	fs.StringVar(&s.key, "attach-key", "", "key of that server")
	fs.StringVar(&c.Alias, "name", "", "name of the model on offer; from the file's name if empty")
	fs.StringVar(&s.tier, "tier", string(p.Tier), "size that the model is offered as: small, medium or large")
	fs.StringVar(&s.profile, "profile", string(c.Profile), "replay (same question, same answer, bit for bit) or fast")
	fs.IntVar(&c.Slots, "slots", c.Slots, "requests served at once")
	fs.IntVar(&c.Context, "context", c.Context, "tokens of context of each request")
	fs.IntVar(&c.Threads, "threads", 0, "processors that one step uses; 0 leaves it to the server")
	fs.IntVar(&c.GPULayers, "gpu-layers", c.GPULayers, "layers to offload; below 0 leaves it to the server")
	fs.BoolVar(&s.embed, "embeddings", false, "serve embeddings instead of answers")
	fs.StringVar(&c.Program, "llama-server", "", "path of llama-server; looked for if empty")
	fs.DurationVar(&c.LoadTimeout, "load-timeout", c.LoadTimeout, "how long loading the model may take")
	fs.DurationVar(&c.HangTimeout, "hang-timeout", c.HangTimeout, "how long the server may neither answer nor make progress")
	fs.DurationVar(&p.FirstToken, "first-token", p.FirstToken, "how long an answer's first token may take")
	fs.DurationVar(&p.NextToken, "next-token", p.NextToken, "how long each further token may take")
	fs.IntVar(&p.ParkedSessions, "parked-sessions", p.ParkedSessions, "sessions without a slot whose cache is kept")
	fs.IntVar(&p.ParkedMB, "parked-mb", p.ParkedMB, "memory for these, in MiB")
	fs.StringVar(&a.DataDir, "data-dir", a.DataDir, "where the key is kept")
	fs.StringSliceVar(&a.Coordinators, "coordinator", []string{}, "multiaddr of a coordinator, ending in /p2p/<peer id>; may be repeated")
	fs.StringVar(&a.TokenFile, "token-file", "", "file with a token that lets the pod in under an operator (krako node token new)")
	fs.StringVar(&a.Token, "token", "", "the token itself; better given as KRAKO_TOKEN, where other users do not see it")
	fs.BoolVar(&a.MDNS, "mdns", false, "look for a coordinator on the local network")
	fs.BoolVar(&a.DHT, "dht", false, "look for a coordinator in Krako's DHT")
	fs.StringSliceVar(&a.Bootstrap, "bootstrap", []string{}, "multiaddrs of members of the DHT")
	fs.StringVar(&a.Rendezvous, "rendezvous", a.Rendezvous, "name of the cluster to look for")
	fs.StringSliceVar(&a.Tags, "tag", []string{}, "label for placement; may be repeated")
	fs.StringVar(&a.Region, "region", "", "region for placement")
	fs.DurationVar(&a.MaxRun, "max-run", a.MaxRun, "how long one unit may take")
	fs.DurationVar(&a.ReconnectMin, "reconnect-min", a.ReconnectMin, "first pause after a lost connection")
	fs.DurationVar(&a.ReconnectMax, "reconnect-max", a.ReconnectMax, "longest pause after a lost connection")
	fs.DurationVar(&a.GiveUpAfter, "give-up-after", 0, "stop when no coordinator was reached for so long; 0 never")
	fs.DurationVar(&a.DrainTimeout, "drain-timeout", a.DrainTimeout, "how long a graceful stop may take")
	fs.StringVar(&s.status, "status", "", "loopback host:port to serve /healthz, /readyz, /status, /metrics and /debug/pprof/ on; empty serves nothing")
}

// complete derives what follows from the flags and reports every problem.
func (s *settings) complete() error {
	c := &s.server
	s.pool.Tier, c.Profile, c.Embeddings = contracts.ModelTier(s.tier), server.Profile(s.profile), s.embed
	problems := []error{s.checkStatus(), s.checkModels()}
	if len(s.models) > 0 {
		c.Model = s.models[0]
	}
	if s.attach != "" {
		c.Attach = &llama.Endpoint{URL: s.attach, Key: s.key}
	} else if c.Program == "" {
		path, err := llama.FindServer()
		if err != nil {
			problems = append(problems, err)
			path = "llama-server" // the problem is told already
		}
		c.Program = path
	}
	if c.Alias == "" {
		c.Alias = name(c.Model, c.HF)
	}
	for _, err := range []error{c.Validate(), s.pool.Validate(), s.agent.Validate()} {
		problems = append(problems, cli.ByFlag(err, llmpod.NetworkSettings))
	}
	return errors.Join(problems...)
}

// checkModels says what is wrong with several models.
func (s *settings) checkModels() error {
	switch {
	case len(s.models) > 1 && s.server.Alias != "":
		return errors.New("--name names one model; several are named by their files")
	case s.loaded < 0 || s.loaded > max(len(s.models), 1):
		return fmt.Errorf("--loaded is %d, not 0 to the number of models", s.loaded)
	case s.unload < 0:
		return fmt.Errorf("--unload-after is %s, less than 0", s.unload)
	case s.unload > 0 && s.attach != "":
		return errors.New("--unload-after is for models that the pod loads, not for a server that it attached to")
	}
	return nil
}

// servers are the configurations of all models.
func (s *settings) servers() []server.Config {
	if len(s.models) < 2 {
		return []server.Config{s.server}
	}
	all := make([]server.Config, len(s.models))
	for i, file := range s.models {
		all[i] = s.server
		all[i].Model, all[i].Alias = file, name(file, "")
	}
	return all
}

// onDemand reports whether models come and go.
func (s *settings) onDemand() bool {
	return s.unload > 0 || s.loaded > 0 && s.loaded < len(s.models)
}

// name is what a model is called that has no name.
func name(file, repository string) string {
	switch {
	case file != "":
		return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	case repository != "":
		return repository
	}
	return "attached"
}

// checkStatus keeps the status, which has no access control, on this machine.
func (s *settings) checkStatus() error {
	if s.status == "" {
		return nil
	}
	if err := obs.CheckLoopback(s.status); err != nil {
		return fmt.Errorf("--status: %w", err)
	}
	return nil
}
