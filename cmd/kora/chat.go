package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/plan"
)

func (a *app) chatCommand() *cobra.Command {
	return &cobra.Command{
		Use: "chat", Short: "Answer one message after the other", Args: cli.Exactly(),
		Long: `chat answers every line of standard input and remembers what was said, for the model
if there is one. It says below each answer how it was made. The end of the input, or
Ctrl-C, ends it. With --json every answer is one JSON document on a line.`,
		Example: "  kora chat\n  kora chat < questions.txt\n  kora chat --json < questions.txt",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.chat(cmd.Context()) },
	}
}

// Bounds of a chat: a line in bytes, and the turns that a model is told of.
const (
	maxLine  = 1 << 20
	maxTurns = 40
)

func (a *app) chat(ctx context.Context) error {
	base, err := a.request([]string{"-"})
	if err != nil {
		return err
	}
	k, _, err := a.openWithModels(ctx)
	if err != nil {
		return err
	}
	defer k.Close(context.WithoutCancel(ctx))
	lines := bufio.NewScanner(io.Reader(a.stdin))
	lines.Buffer(nil, maxLine)
	heard := make(chan string)
	go func() { // Ctrl-C ends the chat while nothing is said
		defer close(heard)
		for lines.Scan() {
			select {
			case heard <- lines.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	prompt := "> "
	if f, ok := a.stdin.(*os.File); a.json || !ok || !cli.IsTerminal(f) {
		prompt = "" // nobody waits for one
	}
	var turns []contracts.Message
	for {
		a.printf("%s", prompt)
		r, more := base, false
		select {
		case r.Message, more = <-heard:
		case <-ctx.Done():
		}
		if !more {
			break
		}
		if strings.TrimSpace(r.Message) == "" {
			continue
		}
		if a.now == "" {
			r.Now = time.Now()
		}
		r.Model.Messages = turns
		reply, err := a.answer(ctx, k.Engine, r)
		if err != nil {
			return err
		}
		if reply.Error == nil {
			turns = append(turns, contracts.Message{Role: "user", Content: r.Message}, contracts.Message{Role: "assistant", Content: reply.Text})
			turns = turns[max(0, len(turns)-maxTurns):]
		}
	}
	if prompt != "" {
		a.printf("\n")
	}
	if ctx.Err() != nil {
		return nil
	}
	return lines.Err()
}

// answer prints an answer while it is made, and below it how.
func (a *app) answer(ctx context.Context, e *kora.Engine, r plan.Request) (*kora.Reply, error) {
	if a.json {
		reply, err := e.Follow(ctx, r, kora.Observer{})
		if err != nil {
			return nil, err
		}
		return reply, json.NewEncoder(a.stdout).Encode(reply)
	}
	said := ""
	reply, err := e.Follow(ctx, r, kora.Observer{Tokens: func(t contracts.Tokens) {
		if t.Restart && said != "" {
			a.printf("\n(again)\n")
			said = ""
		}
		said += t.Text
		a.printf("%s", t.Text)
	}})
	if err != nil {
		return nil, err
	}
	switch {
	case reply.Error != nil:
		a.printf("%s\n", reply.Error.Message)
	case said != reply.Text:
		if said != "" {
			a.printf("\n")
		}
		a.printf("%s\n", reply.Text)
	default:
		a.printf("\n")
	}
	if reply.Result != nil {
		known := ""
		if reply.Reused > 0 {
			known = fmt.Sprintf(" (%d known from before)", reply.Reused)
		}
		a.printf("  %s: %d of %d steps without a model%s, %d tokens, %d ms\n", reply.Kind, reply.WithoutModel, reply.Steps, known,
			tokensOf(reply), (reply.PlannedIn + reply.RanIn).Milliseconds())
	}
	a.tellChecks(a.stdout, reply)
	return reply, nil
}

func tokensOf(r *kora.Reply) int64 {
	in, out := r.Tokens()
	return in + out
}
