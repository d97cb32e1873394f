package main

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// view shows the progress of a session to a person.
type view interface {
	show(p *progress)
	close()
}

// follow shows a session's progress until it has ended.
func (a *app) follow(ctx context.Context, c *client.Client, id contracts.SessionID) error {
	p := newProgress()
	v := a.newView()
	defer v.close()
	return c.Events(ctx, id, "", func(e contracts.Event) error {
		p.take(e)
		v.show(p)
		return nil
	})
}

func (a *app) newView() view {
	switch {
	case a.json:
		return silent{}
	case cli.IsTerminal(a.stderr):
		return newBar(a.stderr)
	}
	return &lines{w: a.stderr}
}

type silent struct{}

func (silent) show(*progress) {}
func (silent) close()         {}

// lines writes a line per tenth of the work, for logs and pipes.
type lines struct {
	w    io.Writer
	next int
}

func (l *lines) show(p *progress) {
	if p.total == 0 || p.finished()*10 < l.next*p.total {
		return
	}
	l.next = p.finished()*10/p.total + 1
	eta := ""
	if d, ok := p.eta(time.Now()); ok && p.finished() < p.total {
		eta = fmt.Sprintf(", about %s left", d.Round(time.Second))
	}
	fmt.Fprintf(l.w, "%d/%d units done, %s%s\n", p.finished(), p.total, p.line(), eta)
}

func (l *lines) close() {}

// bar draws a live progress bar.
type bar struct {
	all  *mpb.Progress
	bar  *mpb.Bar
	line atomic.Pointer[string] // read by the goroutine that draws
}

func newBar(w io.Writer) *bar {
	b := &bar{all: mpb.New(mpb.WithOutput(w), mpb.WithWidth(72), mpb.WithRefreshRate(120*time.Millisecond))}
	b.bar = b.all.AddBar(0,
		mpb.PrependDecorators(decor.CountersNoUnit("%d/%d units ")),
		mpb.AppendDecorators(
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 7}), "done"),
			decor.Any(func(decor.Statistics) string {
				if line := b.line.Load(); line != nil {
					return "  " + *line
				}
				return ""
			}),
		),
	)
	return b
}

func (b *bar) show(p *progress) {
	line := p.line()
	b.line.Store(&line)
	b.bar.SetTotal(int64(p.total), false)
	b.bar.SetCurrent(int64(p.finished()))
}

func (b *bar) close() {
	b.bar.SetTotal(-1, true)
	b.all.Wait()
}
