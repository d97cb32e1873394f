package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/krako-labs/krako/llmpod"
)

// models are the pools of a pod, and the device that they share if they come and
// go.
type models struct {
	pools  []*llmpod.Pool
	device *llmpod.Device
}

// openModels makes the pools. What it made is to be closed also after an error.
func openModels(s settings, log *slog.Logger) (*models, error) {
	m := &models{}
	for _, c := range s.servers() {
		c.Log = log
		p, err := llmpod.NewPool(s.pool, c, log)
		if err != nil {
			return m, err
		}
		m.pools = append(m.pools, p)
	}
	if !s.onDemand() {
		return m, nil
	}
	most := s.loaded
	if most == 0 {
		most = len(m.pools)
	}
	var err error
	m.device, err = llmpod.NewDevice(m.pools, most, s.unload)
	return m, err
}

// run serves until ctx ends.
func (m *models) run(ctx context.Context) {
	if m.device != nil {
		m.device.Run(ctx)
		return
	}
	var all sync.WaitGroup
	for _, p := range m.pools {
		all.Go(func() { p.Run(ctx) })
	}
	all.Wait()
}

func (m *models) close() error {
	var errs []error
	for _, p := range m.pools {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}
