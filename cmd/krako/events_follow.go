package main

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"golang.org/x/sync/errgroup"
)

const (
	// followAtOnce bounds the sessions that are followed at the same time.
	followAtOnce = 128
	// lookForSessions is how often new ones are looked for.
	lookForSessions = time.Second
)

// followSession writes the events of one session that come after the one with
// id after, one document a line, until the session has ended.
func (a *app) followSession(ctx context.Context, c *client.Client, id contracts.SessionID, after string) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	return c.Events(ctx, id, after, func(e contracts.Event) error { return enc.Encode(e) })
}

// followAll writes the events of every session that runs or begins, until ctx
// ends. Those of one session are in order.
func (a *app) followAll(ctx context.Context, c *client.Client) error {
	f := follower{enc: json.NewEncoder(a.stdout), seen: map[contracts.SessionID]bool{}}
	f.enc.SetEscapeHTML(false)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(followAtOnce)
	tick := time.NewTicker(lookForSessions)
	defer tick.Stop()
	for first := true; ; first = false {
		fresh, err := f.fresh(ctx, c, first)
		if err != nil {
			return done(ctx, err)
		}
		for _, id := range fresh {
			group.Go(func() error { return c.Events(ctx, id, "", f.write) })
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return done(ctx, group.Wait())
		}
	}
}

// done is err unless it only says that the person has had enough.
func done(ctx context.Context, err error) error {
	if context.Cause(ctx) == context.Canceled {
		return nil
	}
	return err
}

// follower writes events of many sessions.
type follower struct {
	mu   sync.Mutex
	enc  *json.Encoder
	seen map[contracts.SessionID]bool
}

func (f *follower) write(e contracts.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.enc.Encode(e)
}

// fresh returns the sessions among the newest that were not seen before; the
// first time, those that run.
func (f *follower) fresh(ctx context.Context, c *client.Client, first bool) ([]contracts.SessionID, error) {
	var ids []contracts.SessionID
	for cursor := ""; ; {
		page, err := c.Sessions(ctx, cursor, 100)
		if err != nil {
			return nil, err
		}
		old := 0
		for _, s := range page.Sessions {
			if f.seen[s.SessionID] {
				old++
				continue
			}
			f.seen[s.SessionID] = true
			if !first || s.EndedAt == nil {
				ids = append(ids, s.SessionID)
			}
		}
		if cursor = page.Next; cursor == "" || old > 0 {
			return ids, nil
		}
	}
}
