package server

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
)

// Profile is a set of flags that promises something.
type Profile string

const (
	// Replay promises that output does not depend on what else the server does:
	// same bytes across slots, load, warm and cold caches, threads and restarts, for
	// weights that are not K-quants. Measured; see docs/llm.md.
	Replay Profile = "replay"
	// Fast isolates slots as Replay does and leaves the rest to the server.
	Fast Profile = "fast"
)

// Config says what to run. DefaultConfig gives every field but Model.
type Config struct {
	// Program is llama-server's path.
	Program string
	// Model is a GGUF file. HF, instead, is a Hugging Face repository that the
	// server downloads from, which is the only case in which it uses a network.
	Model, HF string
	// Attach, instead of either and of Program, is a server that somebody else
	// runs: it is watched, not started, and its flags are what they are.
	Attach *llama.Endpoint
	// Alias is the name under which the server speaks of its model.
	Alias   string
	Profile Profile
	// Slots is how many requests are served at once, Context the tokens of each.
	Slots, Context int
	// Threads is how many processors one step uses; 0 leaves it to the server.
	Threads int
	// GPULayers is how many layers are offloaded; below 0 leaves it to the server.
	GPULayers int
	// Embeddings makes a server for embeddings.
	Embeddings bool
	// LoadTimeout bounds a start, HangTimeout how long a server may neither answer
	// nor make progress, StopTimeout how long it may take to end.
	LoadTimeout, HangTimeout, StopTimeout time.Duration
	// FirstPause and MaxPause are the pauses before it is started again.
	FirstPause, MaxPause time.Duration
	// Loopback listens on a port of loopback with a key instead of on a socket.
	Loopback bool
	Log      *slog.Logger
}

// DefaultConfig serves four requests of 4096 tokens under Replay.
func DefaultConfig() Config {
	return Config{
		Alias: "model", Profile: Replay, Slots: 4, Context: 4096, GPULayers: -1,
		LoadTimeout: 10 * time.Minute, // the largest models from a slow disk
		HangTimeout: 30 * time.Second, StopTimeout: 5 * time.Second,
		FirstPause: 200 * time.Millisecond, MaxPause: 30 * time.Second,
		Loopback: runtime.GOOS == "windows", Log: slog.New(slog.DiscardHandler),
	}
}

// MaxSlots and MaxContext bound what one server is asked for.
const (
	MaxSlots   = 256
	MaxContext = 1 << 20
)

// Validate reports every problem at once, each a *contracts.Error
// VALIDATION_ERROR with the setting as Offender.
func (c *Config) Validate() error {
	var errs []error
	check := func(ok bool, setting, format string, args ...any) {
		if !ok {
			errs = append(errs, contracts.Errorf(contracts.CodeValidation, setting, format, args...))
		}
	}
	sources := 0
	for _, named := range []bool{c.Model != "", c.HF != "", c.Attach != nil} {
		if named {
			sources++
		}
	}
	check(sources == 1, "model", "needs exactly one of a file, a repository and a server to attach to")
	check(c.Program != "" || c.Attach != nil, "llama_server", "is missing")
	if c.Attach != nil {
		if err := c.Attach.Validate(); err != nil {
			check(false, "attach", "%w", err)
		}
	}
	check(c.Alias != "" && len(c.Alias) <= 128, "name", "has %d bytes, not 1 to 128", len(c.Alias))
	check(c.Profile == Replay || c.Profile == Fast, "profile", "is %q, not %q or %q", c.Profile, Replay, Fast)
	check(c.Slots >= 1 && c.Slots <= MaxSlots, "slots", "is %d, not 1 to %d", c.Slots, MaxSlots)
	check(c.Context >= 64 && c.Context <= MaxContext, "context", "is %d, not 64 to %d", c.Context, MaxContext)
	check(c.Threads >= 0, "threads", "is %d, less than 0", c.Threads)
	for name, d := range map[string]time.Duration{
		"load_timeout": c.LoadTimeout, "hang_timeout": c.HangTimeout, "stop_timeout": c.StopTimeout, "first_pause": c.FirstPause,
	} {
		check(d > 0, name, "is %s, must be more than 0", d)
	}
	check(c.MaxPause >= c.FirstPause, "max_pause", "is %s, less than first_pause", c.MaxPause)
	return errors.Join(errs...)
}

// batch is how many tokens one step reads: what a neighbour's prompt can hold up
// a stream for, and how soon a cancelled prompt is let go.
const batch = 256

// arguments are the server's flags. slots is the folder that slots are saved to.
func (c *Config) arguments(slots string) []string {
	args := []string{
		"--alias", c.Alias, "--parallel", strconv.Itoa(c.Slots), "--ctx-size", strconv.Itoa(c.Slots * c.Context),
		// No slot sees another's tokens: neither through a shared cache, nor in
		// memory beside the slots, nor by likeness of prompts.
		"--no-kv-unified", "--cache-ram", "0", "--slot-prompt-similarity", "0",
		"--no-context-shift", "--batch-size", strconv.Itoa(batch), "--ubatch-size", strconv.Itoa(batch),
		"--slot-save-path", slots, "--metrics", "--no-ui",
	}
	if c.HF != "" {
		args = append(args, "--hf-repo", c.HF)
	} else {
		args = append(args, "--model", c.Model, "--offline")
	}
	if c.Profile == Replay {
		args = append(args, "--flash-attn", "off")
	}
	if c.Threads > 0 {
		args = append(args, "--threads", strconv.Itoa(c.Threads))
	}
	if c.GPULayers >= 0 {
		args = append(args, "--gpu-layers", strconv.Itoa(c.GPULayers))
	}
	if c.Embeddings {
		// Without a pooling a chat would crash the server.
		args = append(args, "--embeddings", "--pooling", "mean")
	}
	return args
}

func (c *Config) String() string {
	return fmt.Sprintf("%s (%s, %d slots of %d tokens)", c.Alias, c.Profile, c.Slots, c.Context)
}
