package sandbox

import (
	"context"
	"runtime"
)

// Engine selects how guests are executed.
type Engine uint8

const (
	// EngineCompiler runs native code, on amd64 and arm64. It is the zero value.
	EngineCompiler Engine = iota
	// EngineInterpreter is 60 to 110 times slower. It exists to check that the
	// compiler gives the same outcomes and is for tests and audits only.
	EngineInterpreter
)

// DefaultMaxOutput bounds the output of one run, in bytes. It is a rule of the
// profile: a node that signs results uses exactly this. It is a field of Config
// only so that tests can reach it cheaply.
const DefaultMaxOutput = 8 << 20

// Config says what a Sandbox may use. The zero value of a field means its
// default.
type Config struct {
	// CacheDir keeps native code between processes. It is created with mode
	// 0700 and refused if others may enter it: whoever can write there can run
	// code in this process. Empty keeps native code in memory only.
	CacheDir string
	// MaxModuleBytes bounds a module's size. Default 8 MiB.
	MaxModuleBytes int64
	// MaxOutput bounds the output of one run. Default DefaultMaxOutput.
	MaxOutput int64
	// MaxStderr is how much of a guest's log is kept. Default 64 KiB.
	MaxStderr int
	// MaxMemoryPages is the most memory, in pages of 64 KiB, that a job may ask
	// for on this machine. Default 8192 (512 MiB).
	MaxMemoryPages uint32
	// ModuleCacheBytes bounds the estimated resident size of the modules kept
	// ready in memory, and the initial memory of any one. Default 256 MiB, six to
	// ten Go modules.
	ModuleCacheBytes int64
	// PoolSize is how many idle instances of each module are kept. Default
	// GOMAXPROCS, a negative number keeps none. An idle Go instance takes 110
	// KiB, and about as much again once it has run.
	PoolSize int
	// CacheBytes bounds the files in CacheDir. Default 4 GiB, about 200 Go
	// modules.
	CacheBytes int64
	// ReadOnly writes nothing to CacheDir once New has returned: modules are taken
	// from it with Load, and Admit is refused.
	ReadOnly bool
	// Yield, if it is set, is called between slices of fuel, about every 0.3 ms
	// of a run or an initialisation, by the goroutine that runs the guest and
	// with the context it runs under. The guest goes on when it returns.
	Yield func(context.Context)
	// BeforeGuest, if it is set, is called whenever a module has been compiled and
	// none of its instructions has run: the moment to give up what only compiling
	// needs. Its error is the admission's.
	BeforeGuest func() error
	// Uninterrupted lets a guest that was called run to its end: its code takes a
	// tenth less, but contexts are looked at, and Yield is called, in host calls
	// only. It is for a process that somebody else can stop and end.
	Uninterrupted bool
	// Engine is EngineCompiler unless a test says otherwise.
	Engine Engine
}

func (c Config) withDefaults() Config {
	if c.MaxModuleBytes == 0 {
		c.MaxModuleBytes = 8 << 20
	}
	if c.MaxOutput == 0 {
		c.MaxOutput = DefaultMaxOutput
	}
	if c.MaxStderr == 0 {
		c.MaxStderr = 64 << 10
	}
	if c.MaxMemoryPages == 0 {
		c.MaxMemoryPages = 8192
	}
	if c.ModuleCacheBytes == 0 {
		c.ModuleCacheBytes = 256 << 20
	}
	if c.PoolSize == 0 {
		c.PoolSize = runtime.GOMAXPROCS(0)
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = 4 << 30
	}
	return c
}

// compilerSupported reports whether wazero has a native code generator for
// this architecture. Others have only the interpreter, which no determinism
// class includes.
func compilerSupported() bool {
	return runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64"
}
