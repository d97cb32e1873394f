package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/sandbox/confine"
)

// Runner admits modules and runs tasks. All methods may be called concurrently.
type Runner interface {
	// Admit makes sure that a module can be run: compiled, and initialised once.
	// Errors are those of sandbox.Sandbox.Admit; RESOURCE_EXHAUSTED also says that
	// it took too long or too much memory, INTERNAL naming the module that it ended
	// its process.
	Admit(ctx context.Context, id cid.Cid, wasm []byte) error
	// Run runs tasks one after the other and returns when all have ended; as many
	// calls as there are slots make progress at once. It calls ended once for each
	// task, in this goroutine, as their ends become known.
	Run(tasks []Task, blocks Blocks, ended func(i int, e End))
	// MaxBatch is how many tasks a call of Run may gain from.
	MaxBatch() int
	// SetPace holds for all tasks at once, those that run too.
	SetPace(Pace)
	// Release frees the memory of what has nothing to do. What is needed again is
	// made again.
	Release()
	// Report says how things are.
	Report() Report
	// Close ends everything. No Run may be in progress.
	Close() error
}

// Task is one unit to be run.
type Task struct {
	// Context ends the task, and it alone, before its time.
	Context context.Context
	// Unit is the content address of Call.
	Unit cid.Cid
	Call *contracts.Invocation
	// Limit bounds the run time. It counts from when the task begins to run.
	Limit time.Duration
}

// End is how a task ended.
type End struct {
	Outcome sandbox.Outcome
	// Took is the time from the task's beginning, 0 if it had none or nobody knows it.
	Took time.Duration
	// Err is nil, or why there is no outcome: those of sandbox.Sandbox.Run and of
	// Blocks, ErrNotRun, ErrNotAdmitted or a *DeathError.
	Err error
}

// Blocks is where inputs and blobs are found.
type Blocks interface {
	// Get returns a block of at most so many bytes.
	Get(ctx context.Context, id cid.Cid, most int64) ([]byte, error)
}

// ErrNotRun says that a task was not begun, for a reason that is not its own.
var ErrNotRun = errors.New("the task was not begun")

// ErrNotAdmitted says that a task's module must be admitted, or admitted again
// because its compiled code has been pruned.
var ErrNotAdmitted = errors.New("the task's module is not admitted")

// DeathError says that the worker process ended before it had answered for a
// task, which may have run or not.
type DeathError struct {
	// Code is TIMEOUT for a worker that was killed long after its task's deadline,
	// RESOURCE_EXHAUSTED for one that grew too large, else INTERNAL.
	Code contracts.Code
	// Alone says that there was no other task that could be the cause.
	Alone bool
	// Reason is for people.
	Reason string

	// meant says that the process was ended because there is no other way to end a
	// task.
	meant bool
}

func (e *DeathError) Error() string { return "worker process died: " + e.Reason }

// Options say what a Runner may use. Sizes are in bytes.
type Options struct {
	// Slots is how many calls of Run make progress at once.
	Slots int
	// Engine is what executes units.
	Engine sandbox.Engine
	// CacheDir keeps compiled code (sandbox.Config). Processes needs one.
	CacheDir   string
	CacheBytes int64
	// ModuleBytes bounds the modules kept ready, in all processes together.
	ModuleBytes int64
	// MaxModule bounds one module, MaxPages the memory of one unit in pages of 64
	// KiB, MaxInput the input and blobs of one unit together.
	MaxModule int64
	MaxPages  uint32
	MaxInput  int64
	// KeepBlocks bounds the blocks that a process keeps for tasks to come.
	KeepBlocks int64

	// TotalBytes bounds the memory of all processes together, 0 does not. Where the
	// system cannot hold them to it they are weighed every second, and the heaviest
	// are ended: those with nothing to do first.
	TotalBytes int64
	// Rank is the rank of the processes among the programs of the machine.
	Rank confine.Rank

	// Command is the executable of a worker process and its arguments, the name
	// first. It must come to Main.
	Command Command
	// Grace is how long after its deadline, or after it was cancelled, a task of
	// which its process has not said that it runs may take to end before that is
	// killed.
	Grace time.Duration
	// AdmitTime bounds the admission of one module.
	AdmitTime time.Duration
}

// Command names a program.
type Command struct {
	Path string
	Args []string
}

// Self is this program as it was when it was started, where the system can tell: it
// may have been replaced by another version since. Its main function must look for
// Argument first.
func Self(name string) (Command, error) {
	path := "/proc/self/exe"
	if runtime.GOOS != "linux" {
		var err error
		if path, err = os.Executable(); err != nil {
			return Command{}, fmt.Errorf("locate this program: %w", err)
		}
	}
	return Command{Path: path, Args: []string{name, Argument}}, nil
}

// Report is how a Runner is doing.
type Report struct {
	// Isolation is "process" or "none".
	Isolation string `json:"isolation"`
	// Processes are the worker processes that live, by process id.
	Processes []int `json:"processes,omitempty"`
	// Deaths counts those that ended otherwise than they were asked to, and LastDeath
	// says how the latest of them did.
	Deaths    uint64 `json:"deaths"`
	LastDeath string `json:"last_death,omitempty"`
	// Refused counts the modules that are refused because they killed their
	// process time and again.
	Refused int `json:"refused"`
	// Measures is what the operating system takes from worker processes.
	Measures []confine.Measure `json:"measures,omitempty"`
}
