package client

import (
	"context"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Backend runs graphs on the fabric behind a gateway. It is safe for concurrent
// use.
type Backend struct {
	*Client
	koraVersion string
}

// NewBackend returns the backend behind c. Submissions name koraVersion, 1 to
// 128 bytes, as the version of what built them.
func NewBackend(c *Client, koraVersion string) *Backend { return &Backend{c, koraVersion} }

var (
	_ contracts.ExecutionBackend = (*Backend)(nil)
	_ contracts.BlockStore       = (*Backend)(nil)
)

// abandonTimeout bounds the attempt to cancel a session that nobody waits for.
const abandonTimeout = 5 * time.Second

// Execute implements contracts.ExecutionBackend: it submits g, follows its
// events when there is somebody to observe them, and waits for the result. When
// ctx ends or the gateway is lost for good, it tries to cancel the session. The
// events are those of the session, so that a second execution of a request
// observes all of the first one.
func (b *Backend) Execute(ctx context.Context, g *contracts.TaskGraph, ec contracts.ExecutionContext, observe func(contracts.Event)) (*contracts.ExecutionResult, error) {
	return b.ExecuteAloud(ctx, g, ec, observe, nil)
}

// ExecuteAloud is Execute that also hands on what models say while they say it, to say
// if that is not nil; pieces may be missed, the result has the whole answer.
func (b *Backend) ExecuteAloud(ctx context.Context, g *contracts.TaskGraph, ec contracts.ExecutionContext, observe func(contracts.Event), say func(contracts.Tokens)) (*contracts.ExecutionResult, error) {
	if ctx.Err() != nil {
		return nil, b.broken(ctx, ctx.Err())
	}
	m := contracts.SubmissionMetadata{
		SubmittedAt: contracts.Time{Time: time.Now().UTC()},
		KoraVersion: b.koraVersion,
		TraceID:     ec.TraceID,
	}
	accepted, err := b.Submit(ctx, g, m)
	if err != nil {
		b.recall(ctx, g, m, err)
		return nil, err
	}
	res, err := b.follow(ctx, accepted.SessionID, observe, say)
	if err != nil {
		b.abandon(ctx, accepted.SessionID)
		return nil, err
	}
	return res, nil
}

func (b *Backend) follow(ctx context.Context, id contracts.SessionID, observe func(contracts.Event), say func(contracts.Tokens)) (*contracts.ExecutionResult, error) {
	if observe != nil || say != nil {
		err := b.Listen(ctx, id, func(e contracts.Event) error {
			if observe != nil {
				observe(e)
			}
			return nil
		}, say)
		if err != nil {
			return nil, err
		}
	}
	return b.Wait(ctx, id)
}

// abandon cancels a session whose result nobody will take.
func (b *Backend) abandon(ctx context.Context, id contracts.SessionID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTimeout)
	defer cancel()
	// The caller learns why it has no result; that the fabric goes on with work
	// that it accepted is the lesser news.
	_ = b.Cancel(ctx, id)
}

// recall undoes a submission whose answer was lost: it may have been accepted,
// and to submit it again is the way to learn its id.
func (b *Backend) recall(ctx context.Context, g *contracts.TaskGraph, m contracts.SubmissionMetadata, lost error) {
	if ctx.Err() == nil || contracts.CodeOf(lost) != contracts.CodeCancelled && contracts.CodeOf(lost) != contracts.CodeTimeout {
		return
	}
	again, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTimeout)
	defer cancel()
	if accepted, err := b.Submit(again, g, m); err == nil {
		b.abandon(ctx, accepted.SessionID)
	}
}
