package llmpod

import (
	"context"
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/llmpod/residence"
)

// Device is what several pools share that do not all fit on it, or that go when
// nobody asks for them: it loads models on demand and ends them. Pools of a device
// run by Device.Run and not by their own. It is safe for concurrent use.
type Device struct {
	pools []*Pool
	look  pulse

	mu      sync.Mutex
	table   *residence.Table
	last    residence.Ticket
	waiters map[residence.Ticket]chan struct{}
	end     map[residence.Model]context.CancelFunc
}

// turnOfDevice is how long a request for a model that is not loaded lets others go
// before it: as long as some answers take, so that a change of models is worth it.
const turnOfDevice = 10 * time.Second

// NewDevice makes a device on which most of the pools' models fit at once, and
// from which those go that nobody has asked for in idle, 0 never. The error is
// VALIDATION_ERROR.
func NewDevice(pools []*Pool, most int, idle time.Duration) (*Device, error) {
	if most < 1 || idle < 0 {
		return nil, contracts.Errorf(contracts.CodeValidation, "loaded", "%d models are to fit, and to stay %s", most, idle)
	}
	d := &Device{
		pools: pools, look: make(pulse, 1), table: residence.New(len(pools), most, turnOfDevice, idle),
		waiters: map[residence.Ticket]chan struct{}{}, end: map[residence.Model]context.CancelFunc{},
	}
	for i, p := range pools {
		p.device, p.place = d, residence.Model(i)
	}
	return d, nil
}

// Run serves until ctx ends and returns when every server is gone.
func (d *Device) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	for _, p := range d.pools {
		running.Go(func() { p.serveSlots(ctx) })
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-d.look:
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		if again := d.step(ctx, &running); !again.IsZero() {
			timer.Reset(time.Until(again))
		}
	}
}

// step does what the table says and returns when to look again.
func (d *Device) step(ctx context.Context, running *sync.WaitGroup) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	do, again := d.table.Step(time.Now())
	for _, a := range do {
		switch a.Do {
		case residence.Load:
			d.load(ctx, a.Model, running)
		case residence.Unload:
			d.end[a.Model]()
		case residence.Admit:
			close(d.waiters[a.Ticket])
			delete(d.waiters, a.Ticket)
		}
	}
	return again
}

// load runs a model's server until it is told to go. d.mu is held.
func (d *Device) load(ctx context.Context, m residence.Model, running *sync.WaitGroup) {
	p := d.pools[m]
	own, cancel := context.WithCancel(ctx)
	d.end[m] = cancel
	p.server.Rouse()
	running.Go(func() {
		defer cancel()
		p.log.Info("model loads", "model", p.server.Config().Alias)
		p.server.Run(own)
		p.log.Info("model is unloaded", "model", p.server.Config().Alias)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.table.Gone(m)
		d.look.beat()
	})
}

// enter waits until a pool's model is loaded, or is being loaded, and keeps it
// there until leave. The error is ctx's.
func (d *Device) enter(ctx context.Context, m residence.Model) (leave func(), err error) {
	d.mu.Lock()
	d.last++
	id, in := d.last, make(chan struct{})
	d.waiters[id] = in
	d.table.Ask(id, m, time.Now())
	d.mu.Unlock()
	d.look.beat()
	select {
	case <-in:
		return func() { d.left(m) }, nil
	case <-ctx.Done():
	}
	d.mu.Lock()
	dropped := d.table.Drop(id)
	delete(d.waiters, id)
	d.mu.Unlock()
	if !dropped { // it was let in at this moment
		d.left(m)
	}
	return nil, ended(ctx)
}

func (d *Device) left(m residence.Model) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.table.Done(m, time.Now())
	d.look.beat()
}

// resident reports whether a model is loaded or being loaded.
func (d *Device) resident(m residence.Model) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.table.Resident(m)
}
