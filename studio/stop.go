package studio

import (
	"context"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// outIn bounds how long a run that was stopped waits for its session to end, which
// takes a round of calls unless the fabric is lost.
const outIn = 5 * time.Second

// seeOut follows the session of a run that was stopped until the fabric has ended it
// too, so that what is kept says which steps were done and which were cancelled. A
// fabric that cannot be reached any more leaves the run as it was last seen.
func (s *Server) seeOut(ctx context.Context, f *feed, rec *record, at *place) {
	id, last := f.session()
	if ctx.Err() == nil || at.client == nil || id == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), outIn)
	defer cancel()
	err := at.client.Events(ctx, id, last, func(e contracts.Event) error {
		f.add(frameEvent, e)
		return nil
	})
	if err == nil {
		rec.Reply.Result, err = at.client.Wait(ctx, id)
	}
	if err != nil {
		s.log.Info("session not followed to its end", "run", rec.Reply.RunID, "session", id, "error", err)
	}
}
