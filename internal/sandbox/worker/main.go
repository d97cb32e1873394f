package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/sandbox/confine"
)

// Argument is what an executable is started with to be a worker process: it then
// calls Main before it does anything else.
const Argument = "worker"

// Main is the life of a worker process. It returns the exit code when its agent
// closes stdin.
func Main() int {
	// Who ends a worker is its agent. What the terminal or the service manager
	// sends to all is meant for that.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	if err := serve(pollable(os.Stdin), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "krako worker:", err)
		return 1
	}
	return 0
}

// resources of a worker process beside its memory.
const (
	maxFiles = 4096 // an image of memory each for thousands of small modules
	// threads is how many threads run Go code: one runs guests. The other sends back
	// what waits behind a long one meanwhile.
	threads = 2
)

// serve does what the first message asks for, until there are no more.
func serve(in io.Reader, out io.Writer) error {
	r := newFrameReader(in, maxSetup)
	kind, body, err := r.next()
	if err != nil {
		return err
	}
	s, err := decodeCold[setup](body)
	if err != nil || kind != kindSetup || s.V != version {
		return errors.Join(err, fmt.Errorf("first message is of kind %d and version %d", kind, s.V))
	}
	runtime.GOMAXPROCS(threads)
	debug.SetMemoryLimit(s.HeapBytes)
	measures := confine.Limit(confine.Limits{Files: maxFiles, FileBytes: max(uint64(s.MaxPages)<<16, 1<<30)})
	r.max = int(max(s.MaxInput, s.MaxModule, maxSetup)) + maxCID + headBytes
	w := &frameWriter{w: out}
	if s.Mode == modeAdmission {
		return admitOne(s, r, w, measures)
	}
	return runUnits(s, r, w, measures)
}

// maxSetup bounds the first message, and batches.
const maxSetup = 16 << 20

func (s *setup) config() sandbox.Config {
	return sandbox.Config{
		CacheDir: s.CacheDir, CacheBytes: s.CacheBytes, ModuleCacheBytes: s.ModuleBytes, PoolSize: 1,
		MaxModuleBytes: s.MaxModule, MaxMemoryPages: s.MaxPages, MaxStderr: maxStderr, Engine: sandbox.Engine(s.Engine),
		Uninterrupted: true, // the agent stops and ends this process as a whole
	}
}

// admitOne admits the one module it is sent. The process may write compiled code
// until the module's own code is about to run.
func admitOne(s setup, r *frameReader, w *frameWriter, measures []confine.Measure) error {
	debug.SetGCPercent(100 * (growth - 1))
	cfg := s.config()
	sealed := false
	cfg.BeforeGuest = func() error {
		if !sealed {
			sealed = true
			_ = confine.Seal() // what comes of it, workers for units report
		}
		return nil
	}
	box, err := sandbox.New(context.Background(), cfg)
	if err != nil {
		return err
	}
	if err := w.sendCold(kindReady, ready{V: version, Measures: measures}); err != nil {
		return err
	}
	kind, wasm, err := r.next()
	if err != nil || kind != kindModule {
		return errors.Join(err, fmt.Errorf("message of kind %d where a module was due", kind))
	}
	_, err = box.Admit(context.Background(), wasm)
	return w.sendCold(kindVerdict, verdictOf(err))
}

// runUnits runs the tasks that it is sent until its input ends.
func runUnits(s setup, r *frameReader, w *frameWriter, measures []confine.Measure) error {
	cfg := s.config()
	cfg.ReadOnly = true
	box, err := sandbox.New(context.Background(), cfg)
	if err != nil {
		return err
	}
	measures = append(measures, confine.Seal())
	if err := w.sendCold(kindReady, ready{V: version, Measures: measures}); err != nil {
		return err
	}
	srv := newServer(box, w, newCollector())
	broken := make(chan error, 1)
	go func() { broken <- srv.run() }()
	received := make(chan error, 1)
	go func() { received <- srv.receive(r) }()
	select { // the process ends with either, whatever the other is in the middle of
	case err := <-broken:
		return err
	case err := <-received:
		return err
	}
}

// receive takes messages until the input ends.
func (s *server) receive(r *frameReader) error {
	blocks := map[string][]byte{}
	for {
		kind, body, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.handle(kind, body, blocks); err != nil {
			return err
		}
	}
}

func (s *server) handle(kind byte, body []byte, blocks map[string][]byte) error {
	switch kind {
	case kindBatch:
		list, err := decodeBatch(body)
		if err != nil {
			return err
		}
		return s.enqueue(list, blocks)
	case kindBlock:
		d := decoder{b: body}
		id := d.cid("block")
		if d.err == nil {
			blocks[id.KeyString()] = own(d.b)
		}
		return d.err
	case kindDrop:
		list, err := decodeCIDs(body)
		for _, id := range list {
			delete(blocks, id.KeyString())
		}
		return err
	case kindCancel:
		id, err := decodeCancel(body)
		s.cancel(id)
		return err
	}
	return malformed("message of kind %d", kind)
}
