package node

import (
	"context"
	"log/slog"
	"time"

	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/sandbox/worker"
)

const (
	// runGrace is how long after its deadline or its cancellation a unit may take
	// to end before its worker process is killed although that has not said that the unit
	// runs: its module may have to be loaded first, on a busy machine.
	runGrace = 10 * time.Second
	// admitTime bounds the admission of one module: the largest take 3 s of
	// processor time, and a busy machine has little of that.
	admitTime = 2 * time.Minute
	// interpreted is how much longer an admission may take, which runs what the module does first.
	interpreted = 4
	// modulesReady bounds the modules that are ready to run, by their memory: six to ten
	// Go modules, in all worker processes together if there are few.
	modulesReady = 256 << 20
)

// openRunner makes what runs the units.
func openRunner(ctx context.Context, cfg *Config, codeDir string, log *slog.Logger) (worker.Runner, error) {
	r := cfg.rules()
	o := worker.Options{
		Slots: cfg.Slots, CacheDir: codeDir, CacheBytes: int64(cfg.CodeMB) << 20, ModuleBytes: modulesReady,
		MaxModule: maxModule, MaxPages: r.maxPages, MaxInput: int64(cfg.MaxInputMB) << 20,
		KeepBlocks: (int64(cfg.HotMB) << 20) / int64(cfg.Slots),
		Grace:      runGrace, AdmitTime: admitTime,
		TotalBytes: int64(cfg.MemoryCapMB) << 20, Rank: cfg.rank(),
	}
	if cfg.Engine == EngineInterpreter {
		o.Engine, o.AdmitTime = sandbox.EngineInterpreter, interpreted*admitTime
	}
	if cfg.Isolation == IsolationNone {
		return worker.NewInProcess(ctx, o)
	}
	var err error
	if o.Command, err = worker.Self("krako-node"); err != nil {
		return nil, err
	}
	p, err := worker.NewProcesses(o, log)
	if err != nil {
		return nil, err
	}
	logMeasures(log, p.Report())
	return p, nil
}

// logMeasures says what holds guests besides WebAssembly, and what does not.
func logMeasures(log *slog.Logger, r worker.Report) {
	held := []string{}
	for _, m := range r.Measures {
		if m.On {
			held = append(held, m.Name)
		} else {
			log.Info("worker processes are not held by a measure", "measure", m.Name, "why", m.Detail)
		}
	}
	log.Info("units run in worker processes", "held_by", held)
}
