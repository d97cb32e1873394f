package worker

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
)

// cpuTime is the user and system time that processes have used,
// proc_pid_stat(5). The unit is USER_HZ, 100 on every Linux port.
func cpuTime(t *testing.T, pids []int) (total time.Duration) {
	t.Helper()
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')'):]))
		for _, at := range []int{12, 13} {
			n, err := strconv.Atoi(fields[at])
			if err != nil {
				t.Fatal(err)
			}
			total += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return total
}

// loops runs an endless task in every slot until stop is called.
func loops(t *testing.T, p *Processes) (stop func()) {
	t.Helper()
	loop := admit(t, p, sandboxtest.Loop())
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for range p.opts.Slots {
		endless := task(loop)
		endless.Context = ctx
		running.Go(func() { p.Run([]Task{endless}, &larder{}, func(int, End) {}) })
	}
	return func() { cancel(); running.Wait() }
}

// until polls, because processor time makes no noise.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !done() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s never came", what)
		}
	}
}

// TestShareIsOfProcessorTime has two slots work a quarter of the time, held to it by
// the system, where it can, and by being stopped. It compares the processor time that
// they use with the time that passes. A busy machine makes the latter longer, which
// harms nothing; one that stood still counts that as work, which the rests that follow
// make up for.
func TestShareIsOfProcessorTime(t *testing.T) {
	for name, pace := range map[string]func(*Processes, Pace){
		"the runner's way": func(p *Processes, pace Pace) { p.SetPace(pace) },
		"stopped": func(p *Processes, pace Pace) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.pace = pace
			for child := range p.live {
				child.pace.set(pace)
			}
		},
	} {
		t.Run(name, func(t *testing.T) { testShare(t, pace) })
	}
}

func testShare(t *testing.T, setPace func(*Processes, Pace)) {
	const share, work, ahead = 25, time.Second, 150 * time.Millisecond
	p := newProcesses(t, nil)
	setPace(p, Pace{Share: share})
	defer loops(t, p)()
	until(t, "both workers", func() bool { return len(p.Report().Processes) == p.opts.Slots })
	pids := p.Report().Processes
	// Loading the module is not paced, and is over long before.
	until(t, "a second of processor time", func() bool { return cpuTime(t, pids) >= work })
	began, before := time.Now(), cpuTime(t, pids)
	until(t, "a second of processor time within the share", func() bool {
		used := cpuTime(t, pids) - before // before the clock: they work on meanwhile
		return used >= work && used <= time.Since(began)*share*time.Duration(p.opts.Slots)/100+ahead
	})
}

// TestPauseStopsProcessorTime waits for a second in which the workers' clocks stand
// still, while this process works: it looks at them a hundred times.
func TestPauseStopsProcessorTime(t *testing.T) {
	p := newProcesses(t, nil)
	defer loops(t, p)()
	until(t, "both workers", func() bool { return len(p.Report().Processes) == p.opts.Slots })
	pids := p.Report().Processes
	until(t, "work", func() bool { return cpuTime(t, pids) > 300*time.Millisecond })
	p.SetPace(Pace{Paused: true})
	began, before, looks := time.Now(), cpuTime(t, pids), 0
	until(t, "a second without work", func() bool {
		// It takes a process that stands still some time to stay alive. More is of a
		// slice that was under way, or of one that has not been told yet.
		if cpuTime(t, pids)-before > 50*time.Millisecond {
			began, before, looks = time.Now(), cpuTime(t, pids), 0
		}
		looks++
		return looks >= 100 && time.Since(began) > time.Second
	})
}

// TestAllWorkersAreWeighedTogether lets two processes be too heavy together and
// sees that an idle one goes first.
func TestAllWorkersAreWeighedTogether(t *testing.T) {
	p := newProcesses(t, func(o *Options) { o.TotalBytes = 1 << 30 })
	echo := admit(t, p, sandboxtest.Echo())
	var both, running sync.WaitGroup
	both.Add(p.opts.Slots)
	for range p.opts.Slots {
		held := task(echo)
		held.Call.Blobs = map[string]contracts.Link{"probe": {Cid: dagcbor.RawCID(nil)}}
		blocks := &beginning{begun: func() { both.Done(); both.Wait() }} // each has its process then
		running.Go(func() { p.Run([]Task{held}, blocks, func(int, End) {}) })
	}
	running.Wait()
	p.mu.Lock()
	busy, idle := p.idle[0], p.idle[1]
	p.idle = p.idle[1:] // one works
	p.mu.Unlock()
	p.weigh(func(pid int) (int64, bool) {
		if pid == busy.PID() {
			return 900 << 20, true
		}
		return 200 << 20, true
	})
	<-idle.Ended()
	p.weigh(func(int) (int64, bool) { return 900 << 20, true })
	if busy.dead() {
		t.Error("the working process was ended although the rest is light enough")
	}
	p.weigh(func(int) (int64, bool) { return 1100 << 20, true })
	<-busy.Ended()
}

// TestReleaseEndsWhatIsIdle releases, and sees that work goes on with new
// processes.
func TestReleaseEndsWhatIsIdle(t *testing.T) {
	p := newProcesses(t, nil)
	echo := admit(t, p, sandboxtest.Echo())
	run(t, p, &larder{}, task(echo))
	p.Release()
	if r := p.Report(); len(r.Processes) != 0 || r.Deaths != 0 {
		t.Errorf("%+v", r)
	}
	if e := run(t, p, &larder{}, task(echo))[0]; e.Err != nil {
		t.Error(e.Err)
	}
}
