package confine

import (
	"fmt"
	"os"
	"sync"
)

// Command says what to start.
type Command struct {
	// Path is the executable, Args its arguments with the name first.
	Path string
	Args []string
	Env  []string
	Dir  string
	// Files are the child's descriptors 0, 1, 2. They stay the caller's.
	Files []*os.File
	// Read lists the files and directories that the child may read besides what
	// it is made of. Where it cannot be held to them, Files is reported as off.
	Read []string
	// MemoryBytes bounds the child's memory where the system can; 0 does not.
	MemoryBytes int64
	// Rank is the child's rank among the programs of the machine.
	Rank Rank
}

// Child is a process that was started. Its methods are safe for concurrent use.
type Child struct {
	process *os.Process
	ended   chan struct{}

	once  sync.Once
	state string
}

// PID is the child's process id, which means nothing once Ended is closed.
func (c *Child) PID() int { return c.process.Pid }

// Kill ends the child at once. It may be called at any time and again.
func (c *Child) Kill() { _ = c.process.Kill() } // fails only for one that has ended

// Suspend stops the child where it is, all of it. It may be called again.
func (c *Child) Suspend() { _ = suspend(c.process) } // fails only for one that has ended

// Resume lets a suspended child go on. It may be called again.
func (c *Child) Resume() { _ = resume(c.process) }

// Ended is closed when the child has ended and is gone from the process table.
func (c *Child) Ended() <-chan struct{} { return c.ended }

// State says how the child ended. It waits for that.
func (c *Child) State() string {
	<-c.ended
	return c.state
}

// await returns when the child has ended.
func (c *Child) await() {
	c.once.Do(func() {
		state, err := c.process.Wait()
		if err != nil {
			c.state = fmt.Sprintf("not waited for: %v", err)
		} else {
			c.state = state.String()
		}
		close(c.ended)
	})
}
